package idemredis_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
)

// A server that hangs does not hold a step beyond its context, whatever the client does
// with contexts.
func TestHangingServer(t *testing.T) {
	t.Parallel()
	for name, client := range map[string]func(*testing.T, *redistest.Server) redis.UniversalClient{
		"client": func(_ *testing.T, server *redistest.Server) redis.UniversalClient { return server.Client() },
		"client that watches deadlines": func(t *testing.T, server *redistest.Server) redis.UniversalClient {
			options := server.Options()
			options.ContextTimeoutEnabled = true
			return connect(t, options)
		},
		"auto-pipelining client": func(t *testing.T, server *redistest.Server) redis.UniversalClient {
			return autoPipeline(t, server.Client())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			store := open(t, client(t, server))
			claim := acquire(t, store, newID())
			server.Pause()
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			start := time.Now()
			for step, err := range allSteps(ctx, store, claim) {
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s: %v, want context.DeadlineExceeded", step, err)
				}
			}
			if took := time.Since(start); took > hang { // less than a ReadTimeout for each
				t.Errorf("steps took %v", took)
			}
			server.Continue()
			expect(t, store, newID(), idem.Acquired)
		})
	}
}

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

// Claims go on when the replica is the master, and meanwhile nothing hangs: each step ends
// with its context.
func TestFailover(t *testing.T) {
	t.Parallel()
	sentinel := redistest.StartSentinel(t)
	store := open(t, sentinel.Client())
	held := acquire(t, store, newID())
	done := acquire(t, store, newID())
	complete(t, store, done)
	replicated(t, sentinel)
	sentinel.KillMaster()
	failed := 0
	eventually(t, "claims go on", func() bool {
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
	t.Logf("%d claims failed", failed)
	if failed == 0 {
		t.Error("no claim failed: was the master killed?")
	}
	expect(t, store, done.ID, idem.Done)
	expect(t, store, held.ID, idem.Pending)
	complete(t, store, held)
}

// replicated waits until the replica has what the master has.
func replicated(t *testing.T, sentinel *redistest.Sentinel) {
	t.Helper()
	master, replica := sentinel.Master.Client(), sentinel.Replica.Client()
	eventually(t, "the replica has all", func() bool {
		return master.DBSize(t.Context()).Val() == replica.DBSize(t.Context()).Val()
	})
}
