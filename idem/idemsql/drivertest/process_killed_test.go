package drivertest

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemsql"
)

// A process is killed in the middle of an operation, or after it.
func TestProcessIsKilled(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		for _, moment := range []string{"after the effect", "after the commit"} {
			t.Run(moment, func(t *testing.T) {
				t.Parallel()
				driver, url := "pgx", shared.URL()
				if d.dialect == idemsql.SQLite {
					driver, url = "sqlite", sqliteURL(t)
				}
				db := open(t, driver, url)
				s, name := named(t, db, d.dialect)
				j := job{s, idem.NewGuard(s, idem.WithGuarantee(idem.AtLeastOnce)), newEffects(t, db), newOperation()}
				c := startChild(t, "charge", driver, url, name, j.effects.name, j.op.Key, moment)
				c.says(t, moment)
				noError(t, c.Process.Kill())
				_ = c.Wait() // it was killed
				j.expectSuccessAfterLease(t)
			})
		}
	})
}

// charge is what the other process does: the job, up to a moment at which it is killed.
func charge(ctx context.Context, args []string) error {
	driver, url, name, effectsName, key, moment := args[0], args[1], args[2], args[3], args[4], args[5]
	db, err := sql.Open(driver, url)
	if err != nil {
		return err
	}
	dialect := idemsql.PostgreSQL
	if driver == "sqlite" {
		dialect = idemsql.SQLite
	}
	s := idemsql.New(db, dialect, idemsql.WithTable(name))
	g := idem.NewGuard(s, idem.WithGuarantee(idem.AtLeastOnce), idem.WithLease(time.Second))
	op := newOperation()
	op.Key = key
	j := job{s, g, effects{db, effectsName}, op}
	_, err = j.do(ctx, func(*sql.Tx) (string, error) {
		if moment == "after the effect" {
			fmt.Println(moment)
			select {}
		}
		return "receipt", nil
	})
	if err != nil {
		return err
	}
	fmt.Println(moment)
	select {}
}

// expectSuccessAfterLease does the job as soon as the claim of a dead owner is over.
func (j job) expectSuccessAfterLease(t *testing.T) {
	t.Helper()
	until(t, "the claim is over", func() bool {
		_, err := j.do(t.Context(), succeed)
		if err != nil {
			is(t, err, idem.ErrInProgress)
		}
		return err == nil
	})
	j.effects.expect(t, 1)
}
