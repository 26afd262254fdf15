package idemredis_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemredis"
	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
)

// hang is longer than anything takes, also on a busy machine.
const hang = 30 * time.Second

// wait lets some wait for the ID, and returns what they were told.
func wait(ctx context.Context, store *idemredis.Store, id idem.ID, waiters int) <-chan error {
	done := make(chan error, waiters)
	for range waiters {
		go func() { done <- store.Wait(ctx, id) }()
	}
	return done
}

func returned(t *testing.T, done <-chan error, waiters int) {
	t.Helper()
	timeout := time.After(hang)
	for range waiters {
		select {
		case err := <-done:
			ok(t, err)
		case <-timeout:
			t.Fatal("a waiter does not return")
		}
	}
}

// eventually waits until check is true.
func eventually(t *testing.T, what string, check func() bool) {
	t.Helper()
	within(t, hang, what, check)
}

func within(t *testing.T, limit time.Duration, what string, check func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !check(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// subscribers counts those who listen for the ID.
func subscribers(t *testing.T, client redis.UniversalClient, id idem.ID) int64 {
	t.Helper()
	n, err := client.PubSubNumSub(t.Context(), keyOf(id)).Result()
	ok(t, err)
	return n[keyOf(id)]
}

// However many wait for an ID in a process, they ask as often as one.
func TestManyWaitersAskAsOne(t *testing.T) {
	t.Parallel()
	const waiters = 200
	client := redistest.Start(t).Client()
	store := open(t, client)
	claim := acquire(t, store, newID())
	reset(t, client)
	start := time.Now()
	done := wait(t.Context(), store, claim.ID, waiters)
	eventually(t, "a few looks", func() bool { return calls(t, client)["evalsha"] >= 4 })
	most := 4 + int(time.Since(start)/(500*time.Millisecond)) // at first, and at most two a second
	if looks := calls(t, client)["evalsha"]; looks > most {
		t.Errorf("%d waiters looked %d times, want at most %d", waiters, looks, most)
	}
	if n := calls(t, client)["subscribe"]; n != 1 {
		t.Errorf("%d subscriptions, want 1", n)
	}
	complete(t, store, claim)
	returned(t, done, waiters)
}

// The end of a record is told by the server to those who wait, in whatever process, and
// costs nothing when there are none.
func TestHintsOnlyWhenWaitedFor(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	client := server.Client()
	here, there := open(t, client), open(t, server.Client())
	for name, end := range map[string]func(idem.Claim) error{
		"Complete": func(c idem.Claim) error { return here.Complete(t.Context(), c, nil, nil, time.Minute) },
		"Release":  func(c idem.Claim) error { return here.Release(t.Context(), c) },
		"Abandon":  func(c idem.Claim) error { return here.Abandon(t.Context(), c, "test") },
	} {
		waited, alone := acquire(t, here, newID()), acquire(t, here, newID())
		done := wait(t.Context(), there, waited.ID, 1)
		eventually(t, "a subscription", func() bool { return subscribers(t, client, waited.ID) == 1 })
		reset(t, client)
		ok(t, end(alone))
		ok(t, end(waited))
		if n := calls(t, client)["publish"]; n != 1 {
			t.Errorf("%s of two: %d hints, want 1", name, n)
		}
		returned(t, done, 1)
		eventually(t, "no subscription", func() bool { return subscribers(t, client, waited.ID) == 0 })
	}
}

// A record that was released and claimed again is not the one that was waited for.
func TestWaitEndsWithTheClaim(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.WithConfig("user default on nopass ~* &* +@all -subscribe"))
	store := open(t, server.Client()) // which has to poll
	claim := acquire(t, store, newID())
	done := wait(t.Context(), store, claim.ID, 1)
	eventually(t, "a look", func() bool { return calls(t, server.Client())["setrange"] == 1 })
	ok(t, store.Release(t.Context(), claim))
	acquire(t, store, claim.ID)
	returned(t, done, 1)
}

func TestWaitEndsWithTheLease(t *testing.T) {
	t.Parallel()
	store := open(t, redistest.Start(t).Client())
	r := request(newID())
	r.Lease = 100 * time.Millisecond
	_, err := store.Claim(t.Context(), r)
	ok(t, err)
	returned(t, wait(t.Context(), store, r.ID, 1), 1)
	expect(t, store, r.ID, idem.Unknown)
}

// Hints that were lost with their connection cost time, and no waiter.
func TestSubscriptionKilled(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t).Client()
	store := open(t, client)
	claim := acquire(t, store, newID())
	done := wait(t.Context(), store, claim.ID, 5)
	for range 3 {
		eventually(t, "a subscription", func() bool { return subscribers(t, client, claim.ID) == 1 })
		ok(t, client.ClientKillByFilter(t.Context(), "TYPE", "pubsub").Err())
	}
	complete(t, store, claim)
	returned(t, done, 5)
}

func TestIdleSubscriptionCloses(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t).Client()
	store := open(t, client)
	idemredis.SetIdle(store, 10*time.Millisecond)
	connections := func() int {
		list, err := client.Do(t.Context(), "client", "list", "type", "pubsub").Text()
		ok(t, err)
		return strings.Count(list, "\n")
	}
	for range 2 {
		claim := acquire(t, store, newID())
		done := wait(t.Context(), store, claim.ID, 1)
		eventually(t, "a subscription", func() bool { return subscribers(t, client, claim.ID) == 1 })
		complete(t, store, claim)
		returned(t, done, 1)
		eventually(t, "no connection for hints", func() bool { return connections() == 0 })
	}
}

func TestWaitAfterClose(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t).Client()
	store := open(t, client)
	claim := acquire(t, store, newID())
	done := wait(t.Context(), store, claim.ID, 2)
	eventually(t, "a subscription", func() bool { return subscribers(t, client, claim.ID) == 1 })
	ok(t, store.Close())
	ok(t, store.Close())
	complete(t, store, claim)
	returned(t, done, 2)

	claim = acquire(t, store, newID())
	done = wait(t.Context(), store, claim.ID, 1)
	eventually(t, "a look", func() bool { return calls(t, client)["setrange"] == 2 })
	complete(t, store, claim)
	returned(t, done, 1)
	if n := idemredis.Kept(store); n != 0 {
		t.Errorf("%d records are still kept in mind", n)
	}
}

// Those who stop waiting leave nothing behind, and others wait on.
func TestWaitersLeave(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t).Client()
	store := open(t, client)
	claim := acquire(t, store, newID())
	ctx, cancel := context.WithCancel(t.Context())
	leaving, staying := wait(ctx, store, claim.ID, 3), wait(t.Context(), store, claim.ID, 1)
	eventually(t, "a subscription", func() bool { return subscribers(t, client, claim.ID) == 1 })
	cancel()
	for range 3 {
		if err := <-leaving; !errors.Is(err, context.Canceled) {
			t.Errorf("Wait: %v, want context.Canceled", err)
		}
	}
	complete(t, store, claim)
	returned(t, staying, 1)
	eventually(t, "nothing is kept in mind", func() bool { return idemredis.Kept(store) == 0 })
}

// A server that is gone ends the wait with an error rather than let it hang.
func TestWaitOnADeadServer(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	store := open(t, server.Client())
	claim := acquire(t, store, newID())
	done := wait(t.Context(), store, claim.ID, 1)
	eventually(t, "a subscription", func() bool { return subscribers(t, server.Client(), claim.ID) == 1 })
	server.Kill()
	select {
	case err := <-done:
		if err == nil {
			t.Error("Wait returned nil, want an error")
		}
	case <-time.After(hang):
		t.Fatal("Wait hangs")
	}
}
