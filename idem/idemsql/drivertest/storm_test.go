package drivertest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemsql"
)

// Everything at once: leases that are over before their operations, operations that fail,
// and answers to commits that are lost. Each operation must have its effect once, and all
// who ask must get the same receipt.
func TestDoInAStorm(t *testing.T) {
	t.Parallel()
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		p := cutCommits(t, 8, func(n int) bool { return n%2 == 0 })
		storm(t, throughProxy(t, p, idem.WithLease(stormLease)))
	})
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		storm(t, newJob(t, sqlite(t), idemsql.SQLite, idem.WithLease(stormLease)))
	})
}

const (
	stormOperations = 8
	stormCallers    = 5
	stormLease      = 25 * time.Millisecond
)

func storm(t *testing.T, j job) {
	receipts := make(chan string)
	var callers sync.WaitGroup
	for range stormCallers {
		callers.Go(func() {
			for _, n := range rand.Perm(stormOperations) {
				receipts <- persist(t, j, n)
			}
		})
	}
	go func() {
		callers.Wait()
		close(receipts)
	}()
	seen := map[string]int{}
	for receipt := range receipts {
		seen[receipt]++
	}
	if len(seen) != stormOperations {
		t.Errorf("%d receipts of %d operations: %v", len(seen), stormOperations, seen)
	}
	for receipt, n := range seen {
		if n != stormCallers {
			t.Errorf("%q was given to %d of %d callers", receipt, n, stormCallers)
		}
	}
	j.effects.expect(t, stormOperations)
}

// persist asks for operation n until there is a receipt.
func persist(t *testing.T, j job, n int) (receipt string) {
	op := j.op
	op.Name = fmt.Sprint("operation ", n)
	until(t, "there is a receipt", func() bool {
		var err error
		receipt, err = idemsql.Do(t.Context(), j.store, j.guard, op, func(ctx context.Context, tx *sql.Tx) (string, error) {
			return attempt(ctx, j, tx, op.Name)
		})
		return err == nil
	})
	return receipt
}

// attempt has the effect, sometimes slowly, and sometimes fails after it.
func attempt(ctx context.Context, j job, tx *sql.Tx, name string) (receipt string, err error) {
	if err := j.effects.add(context.WithoutCancel(ctx), tx); err != nil {
		return "", err
	}
	if rand.IntN(3) == 0 {
		return "", errors.New("out of luck")
	}
	if rand.IntN(2) == 0 {
		time.Sleep(2 * stormLease)
	}
	a, _ := idem.FromContext(ctx)
	return fmt.Sprintf("%s by %d", name, a.Fence), nil
}
