package nemesis_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/benchmarks/faults/site"
)

func TestRedisEmpty(t *testing.T) {
	t.Parallel()
	w := newWorld(t, site.Redis)
	store := w.store(t)
	ok(t, store.Set(t.Context(), "key", "value", 0).Err())
	ok(t, <-w.strike(t, "redis-empty"))
	if err := store.Get(t.Context(), "key").Err(); !errors.Is(err, redis.Nil) {
		t.Errorf("the key afterwards: %v", err)
	}
}

func TestOOM(t *testing.T) {
	t.Parallel()
	w := newWorld(t, site.Redis)
	store := w.store(t)
	w.during(t, "oom", func() bool {
		err := store.Set(t.Context(), "key", "value", 0).Err()
		return err != nil && strings.HasPrefix(err.Error(), "OOM ")
	})
	ok(t, store.Set(t.Context(), "key", "value", 0).Err())
}

func TestScriptFlush(t *testing.T) {
	t.Parallel()
	w := newWorld(t, site.Redis)
	store := w.store(t)
	script := redis.NewScript("return 1")
	ok(t, script.Load(t.Context(), store).Err())
	ok(t, script.EvalSha(t.Context(), store, nil).Err())
	ok(t, <-w.strike(t, "script-flush"))
	if err := script.EvalSha(t.Context(), store, nil).Err(); err == nil || !strings.HasPrefix(err.Error(), "NOSCRIPT") {
		t.Errorf("the script afterwards: %v", err)
	}
}

// A failover loses what the master acknowledged in the end, again and again.
func TestFailover(t *testing.T) {
	t.Parallel()
	w := newWorld(t, site.Sentinel)
	store := w.store(t)
	written := 0
	for round := range 2 {
		ok(t, store.Set(t.Context(), "early", round, 0).Err())
		ok(t, store.Do(t.Context(), "wait", 1, 60_000).Err())
		ended := w.strike(t, "failover")
		var acknowledged []string
		for over := false; !over; {
			key := fmt.Sprint("late", written)
			written++
			if store.Set(t.Context(), key, "value", 0).Err() == nil {
				acknowledged = append(acknowledged, key)
			}
			select {
			case err := <-ended:
				ok(t, err)
				over = true
			default:
			}
		}
		if got := store.Get(t.Context(), "early").Val(); got != fmt.Sprint(round) {
			t.Errorf("what the replica had is %q, want %d", got, round)
		}
		kept, err := store.Exists(t.Context(), acknowledged...).Result()
		ok(t, err)
		if lost := len(acknowledged) - int(kept); lost == 0 {
			t.Errorf("the failover lost none of %d writes", len(acknowledged))
		} else {
			t.Logf("%d of %d writes are lost", lost, len(acknowledged))
		}
	}
}
