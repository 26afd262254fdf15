package drivertest

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemsql"
	"github.com/goaroundhq/goaround/server"
)

// unrenewed is a store whose leases nobody renews, as when a process is stopped.
type unrenewed struct{ *idemsql.Store }

func (unrenewed) Extend(context.Context, idem.Claim, time.Duration) error {
	return errors.New("stopped")
}

// overtaken opens a shop whose first sale sleeps longer than its lease and ends as given
// when another one has been made. It returns what the first one answers.
func overtaken(t *testing.T, end sale) (*shop, answer) {
	t.Helper()
	db := postgres(t)
	asleep, wake := make(chan struct{}), make(chan struct{})
	s := openShopOn(t, unrenewed{migrated(t, db, idemsql.PostgreSQL)}, db, func(w http.ResponseWriter, r *http.Request, tx *sql.Tx) {
		close(asleep)
		<-wake
		end(w, r, tx)
	}, server.WithGuard(idem.WithLease(300*time.Millisecond)))
	got := make(chan answer, 1)
	go func() {
		a, err := s.buy("key")
		if err != nil {
			t.Error(err)
		}
		got <- a
	}()
	<-asleep
	until(t, "the sale is taken over", func() bool {
		a, err := s.buy("key")
		return err == nil && a.status == 201
	})
	close(wake)
	return s, <-got
}

// A process sleeps longer than its lease, another one does the work, and the first wakes
// up: what it did is undone.
func TestTransactionIsOvertaken(t *testing.T) {
	t.Parallel()
	s, a := overtaken(t, sold)
	if a.status != 409 || a.header.Get(idem.StatusHeader) != string(idem.InProgress) {
		t.Errorf("the one that was overtaken answers %d %s", a.status, a.body)
	}
	s.effects.expect(t, 1)
	s.expect("key", 201, "", true)
	if n := s.runs.Load(); n != 2 {
		t.Errorf("%d runs, want 2", n)
	}
}
