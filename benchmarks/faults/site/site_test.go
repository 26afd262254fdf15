package site_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"

	"github.com/goaroundhq/goaround/benchmarks/faults/relay"
	"github.com/goaroundhq/goaround/benchmarks/faults/site"
)

func TestMain(m *testing.M) {
	logging.Disable() // links are cut here
	goleak.VerifyTestMain(m)
}

// Each server reaches its store through relays of its own, and only through them.
func TestStore(t *testing.T) {
	t.Parallel()
	for _, kind := range []site.Kind{site.Redis, site.RedisAOF, site.Sentinel, site.Cluster} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := open(t, kind, 2, 1)
			first, second := redisOf(t, s.Store(0)), redisOf(t, s.Store(1))
			ok(t, first.Set(t.Context(), "key", "value", 0).Err())
			if got := second.Get(t.Context(), "key").Val(); got != "value" {
				t.Errorf("the second server reads %q", got)
			}
			if s.DB() != nil {
				t.Error("there is a database")
			}
			cut(s.StoreLinks(0))
			if err := soon(t, first); err == nil {
				t.Error("the first server reaches the store through cut links")
			}
			ok(t, second.Ping(t.Context()).Err())
			heal(s.StoreLinks(0))
			ok(t, first.Ping(t.Context()).Err())
		})
	}
}

func TestSQL(t *testing.T) {
	t.Parallel()
	s := open(t, site.SQL, 2, 1)
	if len(s.Redis()) != 0 {
		t.Error("there are nodes of Redis")
	}
	db, err := travel(t, s.Store(0)).OpenSQL()
	ok(t, err)
	defer func() { ok(t, db.Close()) }()
	_, err = db.ExecContext(t.Context(), "CREATE TABLE things (n int)")
	ok(t, err)
	_, err = s.DB().ExecContext(t.Context(), "INSERT INTO things VALUES (1)")
	ok(t, err)
	cut(s.StoreLinks(0))
	if err := db.PingContext(t.Context()); err == nil {
		t.Error("the server reaches the store through a cut link")
	}
	ok(t, s.DB().PingContext(t.Context()))
	heal(s.StoreLinks(0))
	var n int
	ok(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM things").Scan(&n))
	if n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
	if _, err := s.Store(0).OpenRedis(); err == nil {
		t.Error("PostgreSQL opens as Redis")
	}
	if _, err := s.Pacer(0).OpenSQL(); err == nil {
		t.Error("Redis opens as PostgreSQL")
	}
}

// A client finds a server at the same address wherever it listens.
func TestServers(t *testing.T) {
	t.Parallel()
	s := open(t, site.Redis, 2, 2)
	addrs := s.Servers(1)
	if _, err := get(t, addrs[1]); err == nil {
		t.Error("a server answers that is not there")
	}
	ok(t, s.ServerAt(0, says(t, "another")))
	ok(t, s.ServerAt(1, says(t, "before")))
	reads(t, addrs[1], "before")
	ok(t, s.ServerAt(1, says(t, "after")))
	reads(t, addrs[1], "after")
	cut(s.ServerLinks(1))
	if _, err := get(t, addrs[1]); err == nil {
		t.Error("the client reaches a server through cut links")
	}
	reads(t, s.Servers(0)[1], "after")
	heal(s.ServerLinks(1))
	reads(t, addrs[1], "after")
	reads(t, addrs[0], "another")
	if err := s.ServerAt(2, "127.0.0.1:1"); err == nil {
		t.Error("there is a third server")
	}
}

// The Redis by which clients pace is no store.
func TestPacer(t *testing.T) {
	t.Parallel()
	s := open(t, site.Redis, 1, 2)
	pacer, store := redisOf(t, s.Pacer(0)), redisOf(t, s.Store(0))
	ok(t, pacer.Set(t.Context(), "key", "value", 0).Err())
	if n := store.Exists(t.Context(), "key").Val(); n != 0 {
		t.Error("the store has what the pacer was told")
	}
	s.PacerLink(0).Cut()
	if err := soon(t, pacer); err == nil {
		t.Error("the client reaches the pacer through a cut link")
	}
	ok(t, redisOf(t, s.Pacer(1)).Ping(t.Context()).Err())
}

// What is killed or paused does not answer, and keeps what it says that it keeps.
func TestNodes(t *testing.T) {
	t.Parallel()
	for kind, kept := range map[site.Kind]int64{site.Redis: 0, site.RedisAOF: 1} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := open(t, kind, 1, 1)
			node, client := s.Nodes()[0], s.Redis()[0]
			ok(t, node.Pause())
			if err := soon(t, client); err == nil {
				t.Error("a paused node answers")
			}
			ok(t, node.Resume())
			ok(t, client.Set(t.Context(), "key", "value", 0).Err())
			ok(t, node.Kill())
			if err := soon(t, client); err == nil {
				t.Error("a killed node answers")
			}
			ok(t, node.Start())
			if n := client.Exists(t.Context(), "key").Val(); n != kept {
				t.Errorf("%d of 1 keys are kept, want %d", n, kept)
			}
		})
	}
}

func TestUnknownKind(t *testing.T) {
	t.Parallel()
	if s, err := site.Open(t.Context(), "paper", 1, 1); err == nil || s != nil {
		t.Errorf("opened %v, %v", s, err)
	}
}

func open(t *testing.T, kind site.Kind, servers, clients int) *site.Site {
	t.Helper()
	s, err := site.Open(t.Context(), kind, servers, clients)
	ok(t, err)
	t.Cleanup(func() { ok(t, s.Close()) })
	return s
}

// travel is what a process gets that is told of a store.
func travel(t *testing.T, st site.Store) (got site.Store) {
	t.Helper()
	text, err := json.Marshal(st)
	ok(t, err)
	ok(t, json.Unmarshal(text, &got))
	return got
}

func redisOf(t *testing.T, st site.Store) redis.UniversalClient {
	t.Helper()
	client, err := travel(t, st).OpenRedis()
	ok(t, err)
	t.Cleanup(func() { ok(t, client.Close()) })
	return client
}

// soon asks for an answer within a moment.
func soon(t *testing.T, client redis.UniversalClient) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	return client.Set(ctx, "soon", "value", 0).Err()
}

func cut(relays []*relay.Relay) {
	for _, r := range relays {
		r.Cut()
	}
}

func heal(relays []*relay.Relay) {
	for _, r := range relays {
		r.Heal()
	}
}

// says starts a server and returns its address.
func says(t *testing.T, what string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, what) }))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}

func get(t *testing.T, addr string) (string, error) {
	t.Helper()
	res, err := client.Get("http://" + addr)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}

func reads(t *testing.T, addr, want string) {
	t.Helper()
	if got, err := get(t, addr); got != want {
		t.Errorf("read %q, %v, want %q", got, err, want)
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
