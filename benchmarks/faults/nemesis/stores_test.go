package nemesis_test

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/benchmarks/faults/site"
)

// A store that is killed is another process afterwards, with what the first had acknowledged.
func TestStoreKill(t *testing.T) {
	t.Parallel()
	for _, kind := range []site.Kind{site.RedisAOF, site.Cluster} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, kind)
			store := w.store(t)
			for _, key := range []string{"a", "b", "c"} { // on three nodes of a Cluster
				ok(t, store.Set(t.Context(), key, "kept", 0).Err())
			}
			before := runs(t, w)
			ok(t, <-w.strike(t, "store-kill"))
			if after := runs(t, w); after == before {
				t.Error("no process of the store was killed")
			}
			for _, key := range []string{"a", "b", "c"} {
				if got := store.Get(t.Context(), key).Val(); got != "kept" {
					t.Errorf("%s is %q afterwards", key, got)
				}
			}
		})
	}
}

var runID = regexp.MustCompile(`run_id:(\w+)`)

// runs tell one process of a store from the next.
func runs(t *testing.T, w *world) (ids string) {
	t.Helper()
	for _, client := range w.Site.Redis() {
		info, err := client.Info(t.Context(), "server").Result()
		ok(t, err)
		ids += runID.FindString(info)
	}
	return ids
}

func TestSQL(t *testing.T) {
	t.Parallel()
	w := newWorld(t, site.SQL)
	db, err := w.Site.Store(0).OpenSQL()
	ok(t, err)
	defer func() { ok(t, db.Close()) }()
	exec := func(query string) error {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		_, err := db.ExecContext(ctx, query)
		return err
	}
	_, err = db.ExecContext(t.Context(), "CREATE TABLE done (n int)")
	ok(t, err)
	_, err = db.ExecContext(t.Context(), "INSERT INTO done VALUES (1)")
	ok(t, err)
	started := func() (at time.Time) {
		ok(t, w.Site.DB().QueryRowContext(t.Context(), "SELECT pg_postmaster_start_time()").Scan(&at))
		return at
	}
	before := started()
	w.during(t, "store-kill", func() bool { return exec("SELECT 1") != nil })
	if after := started(); !after.After(before) {
		t.Errorf("PostgreSQL was started at %v and then at %v", before, after)
	}
	w.seed(long)
	w.during(t, "store-stop", func() bool { return exec("SELECT 1") != nil })
	var n int
	ok(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM done").Scan(&n))
	if n != 1 {
		t.Errorf("%d rows afterwards, want 1", n)
	}
}

// long is a seed with which a store stands still for more than a second, so that it is
// noticed on a busy machine too.
const long = 2

func TestStoreStop(t *testing.T) {
	t.Parallel()
	for _, kind := range []site.Kind{site.Redis, site.Cluster, site.Sentinel} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, kind)
			w.seed(long)
			w.during(t, "store-stop", func() bool {
				for _, client := range w.Site.Redis() {
					if !pings(client) {
						return true
					}
				}
				return false
			})
			for _, client := range w.Site.Redis() {
				ok(t, client.Ping(t.Context()).Err())
			}
			ok(t, w.store(t).Set(t.Context(), "key", "value", 0).Err())
		})
	}
}

func pings(client *redis.Client) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	return client.Ping(ctx).Err() == nil
}

func TestPacerGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, site.Redis)
	pacer, store := redisOf(t, w.Site.Pacer(0)), w.store(t)
	for seed, how := range map[uint64]string{4: "the pacer hangs", 8: "the pacer is gone"} {
		w.seed(seed)
		w.during(t, "pacer-gone", func() bool {
			ok(t, store.Ping(t.Context()).Err()) // another server
			return !answers(pacer)
		})
		if told := w.told()[0]; !strings.HasPrefix(told, how) {
			t.Errorf("with seed %d %s, want: %s", seed, told, how)
		}
		ok(t, pacer.Ping(t.Context()).Err())
	}
}

// An outage may be as long as the world says.
func TestOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, site.Redis)
	w.Outage = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	n := find(t, "pacer-gone")
	go func() {
		_, err := n.Strike(ctx, w.World)
		ended <- err
	}()
	pacer := redisOf(t, w.Site.Pacer(0))
	eventually(t, "the end of the pacer", func() bool { return !answers(pacer) })
	cancel()
	if err := <-ended; err == nil {
		t.Error("an outage of an hour is over")
	}
	ok(t, pacer.Ping(t.Context()).Err())
}
