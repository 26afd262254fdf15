package idemredis_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
)

func TestRestart(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		opts []redistest.Option
		want idem.State
	}{
		"with an append-only file nothing is lost": {[]redistest.Option{redistest.WithAOF()}, idem.Pending},
		"without persistence all is forgotten":     {nil, idem.Acquired},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t, test.opts...)
			store := open(t, server.Client())
			claim := acquire(t, store, newID())
			server.Kill()
			if _, err := store.Claim(t.Context(), request(newID())); err == nil {
				t.Error("Claim at a dead server: no error")
			}
			server.Restart()
			expect(t, store, claim.ID, test.want)
			if test.want == idem.Pending {
				complete(t, store, claim)
			} else if err := store.Complete(t.Context(), claim, nil, nil, time.Minute); !errors.Is(err, idem.ErrFenced) {
				t.Errorf("Complete after another owner came: %v, want ErrFenced", err)
			}
		})
	}
}

// Claims go on when the replica is the master, with what was claimed and waited for before,
// and meanwhile nothing hangs: each step ends with its context.
func TestFailover(t *testing.T) {
	t.Parallel()
	sentinel := redistest.StartSentinel(t)
	store := open(t, sentinel.Client())
	held, stuck, done := acquire(t, store, newID()), acquire(t, store, newID()), acquire(t, store, newID())
	complete(t, store, done)
	replicated(t, sentinel)
	early := wait(t.Context(), store, held.ID, 1)
	eventually(t, "a subscription", func() bool { return subscribers(t, sentinel.Master.Client(), held.ID) == 1 })
	sentinel.KillMaster()
	claimUntilPromoted(t, store)

	expect(t, store, done.ID, idem.Done)
	expect(t, store, held.ID, idem.Pending)
	ok(t, store.Extend(t.Context(), held, time.Minute))
	ok(t, store.Abandon(t.Context(), stuck, "test"))
	expect(t, store, stuck.ID, idem.Unknown)
	late := wait(t.Context(), store, held.ID, 1)
	eventually(t, "a subscription", func() bool { return subscribers(t, sentinel.Replica.Client(), held.ID) == 1 })
	complete(t, store, held)
	returned(t, late, 1)
	select {
	case err := <-early:
		t.Logf("who waited when the master died was told: %v", err) // an error if it looked meanwhile
	case <-time.After(hang):
		t.Error("who waited when the master died still waits")
	}
}

// claimUntilPromoted claims until one claim succeeds, for as long as busy Sentinels take.
func claimUntilPromoted(t *testing.T, store idem.Store) {
	t.Helper()
	failed := 0
	within(t, 3*hang, "claims go on", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
		defer cancel()
		start := time.Now()
		_, err := store.Claim(ctx, request(newID()))
		if took := time.Since(start); took > hang {
			t.Errorf("a claim with %v of time took %v", 3*patience, took)
		}
		if err != nil {
			failed++
		}
		return err == nil
	})
	if failed == 0 {
		t.Error("no claim failed: was the master killed?")
	}
}

// replicated waits until the replica has what the master has.
func replicated(t *testing.T, sentinel *redistest.Sentinel) {
	t.Helper()
	master, replica := sentinel.Master.Client(), sentinel.Replica.Client()
	eventually(t, "the replica has all", func() bool {
		return master.DBSize(t.Context()).Val() == replica.DBSize(t.Context()).Val()
	})
}
