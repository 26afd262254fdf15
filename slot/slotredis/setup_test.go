package slotredis_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/slot/book"
	"github.com/goaroundhq/goaround/slot/slotredis"
)

const (
	target = "https://api.example.com:443"
	// patience is how long a test waits for what must come.
	patience = 30 * time.Second
)

// open makes a store that is closed with the test.
func open(t testing.TB, client redis.UniversalClient, opts ...slotredis.Option) *slotredis.Store {
	store := slotredis.New(client, opts...)
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func connect(t testing.TB, options *redis.Options) *redis.Client {
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func keyOf(target string) string { return slotredis.DefaultPrefix + "2:{" + target + "}" }

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until check holds.
func eventually(t testing.TB, what string, check func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !check(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

func ask(t testing.TB, store *slotredis.Store, target string, a book.Ask) book.Answer {
	t.Helper()
	answer, err := store.Ask(t.Context(), target, book.Rules{}, a)
	ok(t, err)
	return answer
}

// outage tells of failures enough to take the target down.
func outage(t testing.TB, store *slotredis.Store, target string) book.Answer {
	t.Helper()
	answer := ask(t, store, target, book.Ask{Old: book.Tally{Failed: 100}})
	if answer.Mode != book.Down {
		t.Fatalf("after 100 failures the target is %v", answer.Mode)
	}
	return answer
}

// probed is an ask of which all are told while the target is down.
var probed = book.Ask{Probed: true}

// listen listens in the background until the test ends or the function is called, which
// returns what Listen returned.
func listen(t testing.TB, store *slotredis.Store, target string) (<-chan book.Notice, func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	heard, ended := make(chan book.Notice, 1000), make(chan error, 1)
	go func() { ended <- store.Listen(ctx, target, func(n book.Notice) { heard <- n }) }()
	stop := func() error {
		cancel()
		err := <-ended
		ended <- err
		return err
	}
	t.Cleanup(func() { _ = stop() })
	return heard, stop
}

// subscribed waits until the target's channel has so many subscribers.
func subscribed(t testing.TB, client redis.UniversalClient, target string, want int64) {
	t.Helper()
	eventually(t, "subscribers", func() bool {
		n, err := client.PubSubNumSub(t.Context(), keyOf(target)).Result()
		return err == nil && n[keyOf(target)] == want
	})
}

// subscribers counts the server's connections for notices.
func subscribers(t testing.TB, client redis.UniversalClient) int {
	t.Helper()
	list, err := client.Do(t.Context(), "client", "list", "type", "pubsub").Text()
	ok(t, err)
	return strings.Count(list, "\n")
}

func hear(t testing.TB, heard <-chan book.Notice) book.Notice {
	t.Helper()
	select {
	case n := <-heard:
		return n
	case <-time.After(patience):
		t.Fatalf("nothing heard within %v", patience)
		return book.Notice{}
	}
}
