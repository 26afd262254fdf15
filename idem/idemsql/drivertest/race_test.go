package drivertest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemsql"
)

// contested is an ID that many claim, and what they see of each other.
type contested struct {
	id      idem.ID
	running atomic.Int32
	fence   atomic.Uint64
	runs    atomic.Int32
}

// run takes one turn: claim and, when that was given, end it.
func (c *contested) run(t *testing.T, s *idemsql.Store, end func(context.Context, idem.Claim) error) {
	r := request(c.id)
	r.TakeOver = true
	result, err := s.Claim(t.Context(), r)
	switch {
	case err != nil:
		t.Error(err)
		return
	case result.State == idem.Pending:
		return
	case result.State != idem.Acquired:
		t.Errorf("Claim = %v", result.State)
		return
	}
	if c.running.Add(1) != 1 {
		t.Error("two owners at once")
	}
	if last := c.fence.Swap(result.Claim.Fence); last >= result.Claim.Fence {
		t.Errorf("fence %d after %d", result.Claim.Fence, last)
	}
	c.runs.Add(1)
	c.running.Add(-1)
	if err := end(t.Context(), result.Claim); err != nil {
		t.Error(err)
	}
}

// 50 claim, release or abandon, and claim again: nobody is ever given what somebody has.
func raceForClaims(t *testing.T, s *idemsql.Store) {
	const claimants, rounds = 50, 6
	c := contested{id: newID()}
	var wg sync.WaitGroup
	for n := range claimants {
		wg.Go(func() {
			for round := range rounds {
				c.run(t, s, func(ctx context.Context, claim idem.Claim) error {
					if (n+round)%2 == 0 {
						return s.Release(ctx, claim)
					}
					return s.Abandon(ctx, claim, "test")
				})
			}
		})
	}
	wg.Wait()
	if c.runs.Load() == 0 {
		t.Error("no claim was given")
	}
}

func TestOneOwnerAtATime(t *testing.T) {
	t.Parallel()
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		raceForClaims(t, migrated(t, open(t, "pgx", shared.URL()), idemsql.PostgreSQL))
	})
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		raceForClaims(t, migrated(t, sqlite(t), idemsql.SQLite))
	})
}

// A database may be set up to isolate statements more strictly, which then fail when they
// meet: the store tries again.
func TestOneOwnerAtATimeInAnyIsolation(t *testing.T) {
	t.Parallel()
	for _, level := range []string{"repeatable read", "serializable"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			db := open(t, "pgx", shared.URL()+"&default_transaction_isolation="+url.PathEscape(level))
			raceForClaims(t, migrated(t, db, idemsql.PostgreSQL))
		})
	}
}

// numberedID is the same in every process.
func numberedID(seed string, n int) idem.ID { return sha256.Sum256(fmt.Appendf(nil, "%s %d", seed, n)) }

const racedOperations = 40

func TestTwoProcessesRace(t *testing.T) {
	t.Parallel()
	s, name := named(t, postgres(t), idemsql.PostgreSQL)
	seed := idem.NewKey()
	racers := []child{startChild(t, "race", shared.URL(), name, seed), startChild(t, "race", shared.URL(), name, seed)}
	runs := map[string]int{}
	for _, c := range racers {
		for c.out.Scan() {
			runs[c.out.Text()]++
		}
		noError(t, c.Wait())
	}
	for n := range racedOperations {
		if got := runs[fmt.Sprint("ran ", n)]; got != 1 {
			t.Errorf("operation %d was run %d times", n, got)
		}
		expect(t, s, numberedID(seed, n), idem.Done)
	}
	if len(runs) != racedOperations {
		t.Errorf("%v", runs)
	}
}

// race is what the other process does: 25 who all try all operations.
func race(ctx context.Context, args []string) error {
	db, err := sql.Open("pgx", args[0])
	if err != nil {
		return err
	}
	s := idemsql.New(db, idemsql.PostgreSQL, idemsql.WithTable(args[1]))
	results := make(chan error, 25)
	for range cap(results) {
		go func() { results <- runAll(ctx, s, args[2]) }()
	}
	var errs []error
	for range cap(results) {
		errs = append(errs, <-results)
	}
	return errors.Join(append(errs, db.Close())...)
}

func runAll(ctx context.Context, s *idemsql.Store, seed string) error {
	for n := range racedOperations {
		result, err := s.Claim(ctx, request(numberedID(seed, n)))
		if err != nil {
			return err
		}
		if result.State != idem.Acquired {
			continue
		}
		fmt.Println("ran", n)
		if err := s.Complete(ctx, result.Claim, nil, nil, request(idem.ID{}).TTL); err != nil {
			return err
		}
	}
	return nil
}
