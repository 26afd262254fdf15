package slotredis_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
	"github.com/goaroundhq/goaround/slot/book"
	"github.com/goaroundhq/goaround/slot/slotredis"
)

// What one store's ask changes, all stores hear, in full; and only of the target that they
// listen for.
func TestListen(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	client := server.Client()
	asker := open(t, client)
	one, _ := listen(t, open(t, server.Client()), target)
	two, _ := listen(t, open(t, server.Client()), target)
	other, _ := listen(t, open(t, server.Client()), "other")
	subscribed(t, client, target, 2)
	subscribed(t, client, "other", 1)
	told := outage(t, asker, target)
	if !told.Push {
		t.Fatal("nothing to be told when a target goes down")
	}
	for _, heard := range []<-chan book.Notice{one, two} {
		if n := hear(t, heard); n != told.Notice {
			t.Errorf("heard %+v, told was %+v", n, told.Notice)
		}
	}
	if told, n := outage(t, asker, "other"), hear(t, other); n != told.Notice {
		t.Errorf("heard %+v first, told was %+v", n, told.Notice)
	}
}

// All who listen in one store share one connection, which lives as long as they do.
func TestOneConnection(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	client, store := server.Client(), open(t, server.Client())
	var stops []func() error
	for round := range 3 {
		var heard []<-chan book.Notice
		for n := range 20 {
			h, stop := listen(t, store, fmt.Sprint("target ", n))
			heard, stops = append(heard, h), append(stops, stop)
		}
		for n, h := range heard {
			name := fmt.Sprint("target ", n)
			subscribed(t, client, name, 1)
			if round == 0 {
				outage(t, store, name)
			} else {
				ask(t, store, name, probed)
			}
			hear(t, h)
		}
		if n := subscribers(t, client); n != 1 {
			t.Errorf("%d connections for notices, want 1", n)
		}
		// All but the first leave: their channels are given back, the connection stays.
		for _, stop := range stops[1:] {
			if err := stop(); !errors.Is(err, context.Canceled) {
				t.Errorf("Listen = %v, want that its context ended", err)
			}
		}
		subscribed(t, client, "target 19", 0)
		subscribed(t, client, "target 0", 1)
		ok(t, ignoreCanceled(stops[0]()))
		eventually(t, "the connection is closed", func() bool { return subscribers(t, client) == 0 })
		stops = nil
	}
}

func ignoreCanceled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// A connection that breaks is told to all who listen, and the next who listen have another.
func TestConnectionBreaks(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	client, store := server.Client(), open(t, server.Client())
	cut := func() { ok(t, client.Do(t.Context(), "client", "kill", "type", "pubsub").Err()) }
	breaks(t, store, cut, func() { subscribed(t, client, target, 1) })
	breaks(t, store, server.Pause, func() { subscribed(t, client, target, 1) })
	server.Continue()
	heard, _ := listen(t, store, target)
	outage(t, store, target)
	eventually(t, "a notice on the new connection", func() bool {
		ask(t, store, target, probed)
		return len(heard) > 0
	})
}

func breaks(t *testing.T, store *slotredis.Store, disturb, ready func()) {
	t.Helper()
	ended := make(chan error, 2)
	for range 2 {
		go func() { ended <- store.Listen(t.Context(), target, func(book.Notice) {}) }()
	}
	ready()
	disturb()
	for range 2 {
		if err := <-ended; err == nil || errors.Is(err, context.Canceled) {
			t.Errorf("Listen = %v, want why the connection broke", err)
		}
	}
}

// Who listens to a server that is not there is told so.
func TestListenToNobody(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	store := open(t, server.Client())
	server.Kill()
	if err := store.Listen(t.Context(), target, func(book.Notice) {}); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("Listen = %v, want that the server is not there", err)
	}
}

// Closing a store ends listening, and the store can still be used.
func TestClose(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	client, store := server.Client(), open(t, server.Client())
	ended := make(chan error, 1)
	go func() { ended <- store.Listen(t.Context(), target, func(book.Notice) {}) }()
	subscribed(t, client, target, 1)
	ok(t, store.Close())
	if err := <-ended; err == nil {
		t.Error("Listen ended without an error")
	}
	eventually(t, "the connection is closed", func() bool { return subscribers(t, client) == 0 })
	heard, _ := listen(t, store, target)
	subscribed(t, client, target, 1)
	outage(t, store, target)
	hear(t, heard)
}

// A store may be closed at any time, also while others begin to listen; each of them hears of
// it, or has a connection of its own afterwards.
func TestCloseWhileOthersListen(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	client, store := server.Client(), open(t, server.Client())
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for ctx.Err() == nil {
				_ = store.Listen(ctx, target, func(book.Notice) {}) // returns when the store is closed
			}
		})
	}
	for range 2 {
		all.Go(func() {
			for ctx.Err() == nil {
				ok(t, store.Close())
			}
		})
	}
	all.Wait()
	eventually(t, "all connections are closed", func() bool { return subscribers(t, client) == 0 })
}

// A session that is closed and cannot end in time, because it waits for the server, is nobody's
// any more: who listens next has another.
func TestListenAfterClose(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	store := open(t, server.Client())
	ask(t, store, target, book.Ask{})
	server.Pause()
	ended := make(chan error, 1)
	go func() { ended <- store.Listen(t.Context(), target, func(book.Notice) {}) }()
	eventually(t, "a session", store.Listening)
	ok(t, store.Close())
	heard, _ := listen(t, store, target)
	eventually(t, "another session", store.Listening)
	server.Continue()
	if err := <-ended; err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("Listen = %v, want that the store was closed", err)
	}
	eventually(t, "a notice in the new session", func() bool {
		ask(t, store, target, book.Ask{Old: book.Tally{Failed: 100}, Probed: true})
		return len(heard) > 0
	})
}

// A Ring carries questions, and nobody listens over it.
func TestListenOverARing(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	ring := redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"one": server.Addr()}})
	t.Cleanup(func() { _ = ring.Close() })
	store := open(t, ring)
	outage(t, store, target)
	if err := store.Listen(t.Context(), target, func(book.Notice) {}); err == nil || !strings.Contains(err.Error(), "redis.Ring") {
		t.Errorf("Listen = %v, want that it does not go over a redis.Ring", err)
	}
}
