package slotredis_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
	"github.com/goaroundhq/goaround/slot/book"
	"github.com/goaroundhq/goaround/slot/slotredis"
)

// What the server's own statistics count for a question: one EVALSHA, and what the script
// does inside of the server.
func TestTrips(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t).Client()
	store := open(t, client)
	ask(t, store, "warm", book.Ask{})
	for _, tt := range []struct {
		name string
		do   func()
		want string
	}{
		{"a question", func() { ask(t, store, target, book.Ask{New: 1, Want: 1}) }, "map[evalsha:1 get:1 set:1 time:1]"},
		{"one that all are told of", func() { outage(t, store, target) }, "map[evalsha:1 get:1 publish:1 set:1 time:1]"},
		{"the server has forgotten the script", func() {
			ok(t, client.ScriptFlush(t.Context()).Err())
			ask(t, store, "cold", book.Ask{})
			ask(t, store, "cold", book.Ask{})
		}, "map[eval:1 evalsha:2 get:2 script|flush:1 set:2 time:2]"},
	} {
		ok(t, client.ConfigResetStat(t.Context()).Err())
		tt.do()
		if got := fmt.Sprint(calls(t, client)); got != tt.want {
			t.Errorf("%s: the server ran %s, want %s", tt.name, got, tt.want)
		}
	}
}

// calls returns how often each command ran.
func calls(t testing.TB, client redis.UniversalClient) map[string]int {
	t.Helper()
	info, err := client.Info(t.Context(), "commandstats").Result()
	ok(t, err)
	counts := map[string]int{}
	for line := range strings.Lines(info) {
		name, stats, found := strings.Cut(strings.TrimPrefix(line, "cmdstat_"), ":calls=")
		if !found || name == "config|resetstat" {
			continue
		}
		var n int
		_, err := fmt.Sscanf(stats, "%d", &n)
		ok(t, err)
		counts[name] = n
	}
	return counts
}

// Books that nobody asks for expire.
func TestBooksExpire(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t).Client()
	for life, opts := range map[time.Duration][]slotredis.Option{
		slotredis.DefaultLife: nil,
		time.Minute:           {slotredis.WithLife(time.Minute)},
	} {
		ask(t, open(t, client, opts...), target, book.Ask{})
		left, err := client.PTTL(t.Context(), keyOf(target)).Result()
		ok(t, err)
		if left > life || left < life-patience {
			t.Errorf("the book expires in %v, want %v", left, life)
		}
		ok(t, client.Del(t.Context(), keyOf(target)).Err())
	}
}

// Stores that differ in their prefix keep other books.
func TestPrefix(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t).Client()
	outage(t, open(t, client), target)
	other := open(t, client, slotredis.WithPrefix("other:"))
	if mode := ask(t, other, target, book.Ask{}).Mode; mode != book.Clear {
		t.Errorf("the target is %v for a store with another prefix", mode)
	}
	if n := client.Exists(t.Context(), "other:2:{"+target+"}").Val(); n != 1 {
		t.Error("the prefix is not in front of the key")
	}
}

// What cannot be asked is said, with what to do about it.
func TestErrors(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.WithPassword("secret"))
	client := server.Client()
	ok(t, client.RPush(t.Context(), keyOf("a list"), 1).Err())
	ok(t, client.Set(t.Context(), keyOf("not ours"), "text", 0).Err())
	stranger := connect(t, &redis.Options{Addr: server.Addr()})
	replica := redistest.StartReplica(t, server, redistest.WithPassword("secret"))
	nobody := connect(t, &redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})
	for _, tt := range []struct {
		client *redis.Client
		target string
		want   string
	}{
		{client, "a list", "choose a prefix"},
		{client, "not ours", "choose a prefix"},
		{stranger, target, "give the client the server's user name and password"},
		{replica.Client(), target, "the server is a replica"},
		{nobody, target, "connection refused"},
	} {
		_, err := open(t, tt.client).Ask(t.Context(), tt.target, book.Rules{}, book.Ask{})
		if err == nil || !strings.HasPrefix(err.Error(), "slotredis: ask: ") || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Ask = %v, want %q in it", err, tt.want)
		}
	}
}

// A server that hangs is left at the deadline, whatever the client's options.
func TestHangingServer(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	watching := server.Options()
	watching.ContextTimeoutEnabled = true
	stores := map[string]*slotredis.Store{
		"client watches deadlines": open(t, connect(t, watching)),
		"client does not":          open(t, server.Client()),
	}
	counter := slotredis.NewCounter(server.Client())
	for _, store := range stores {
		ask(t, store, target, book.Ask{}) // there is a connection
	}
	server.Pause()
	for name, store := range stores {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := store.Ask(ctx, target, book.Rules{}, book.Ask{}); err == nil {
			t.Errorf("%s: a paused server answered", name)
		}
		if _, err := counter.Next(ctx, "n"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: Next = %v, want the deadline", name, err)
		}
	}
	server.Continue()
	for _, store := range stores {
		ask(t, store, target, book.Ask{})
	}
}

// A client that ends questions at their deadline by itself is left to do so.
func TestWhoEndsQuestions(t *testing.T) {
	t.Parallel()
	for _, bounded := range []bool{true, false} {
		for _, client := range []redis.UniversalClient{
			redis.NewClient(&redis.Options{ContextTimeoutEnabled: bounded}),
			redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "m", SentinelAddrs: []string{"127.0.0.1:1"}, ContextTimeoutEnabled: bounded}),
			redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}, ContextTimeoutEnabled: bounded}),
			redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"one": "127.0.0.1:1"}, ContextTimeoutEnabled: bounded}),
		} {
			if got := open(t, client).Bounded(); got != bounded {
				t.Errorf("a %T with ContextTimeoutEnabled %v is relied on: %v", client, bounded, got)
			}
			ok(t, client.Close())
		}
	}
}

func TestCounter(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t).Client()
	one, two := slotredis.NewCounter(client), slotredis.NewCounter(client, slotredis.WithLife(time.Minute))
	for want := int64(1); want < 6; want += 2 {
		for i, c := range []*slotredis.Counter{one, two} {
			if n, err := c.Next(t.Context(), "orders"); err != nil || n != want+int64(i) {
				t.Errorf("Next = %d, %v, want %d", n, err, want+int64(i))
			}
		}
	}
	if n, err := one.Next(t.Context(), "other"); err != nil || n != 1 {
		t.Errorf("another counter began with %d, %v", n, err)
	}
	if left := client.PTTL(t.Context(), "slot:ring:{orders}").Val(); left <= 0 || left > time.Minute {
		t.Errorf("the counter expires in %v, want a minute", left)
	}
}

func TestOptionsPanic(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(){
		"New":        func() { slotredis.New(nil) },
		"NewCounter": func() { slotredis.NewCounter(nil) },
		"WithPrefix": func() { slotredis.WithPrefix("{slot}:") },
		"WithLife":   func() { slotredis.WithLife(time.Millisecond) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s does not panic", name)
				}
			}()
			do()
		}()
	}
}
