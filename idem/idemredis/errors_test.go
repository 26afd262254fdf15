package idemredis_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemredis"
	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
)

// A server that does not suit says so with each step, with what to do about it.
func TestUnsuitableServers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		config []string
		client func(t *testing.T, server *redistest.Server) *redis.Client
		want   string
	}{
		"no password": {
			config: []string{"requirepass secret"},
			want:   "user name and password",
		},
		"wrong password": {
			config: []string{"requirepass secret"},
			client: func(t *testing.T, server *redistest.Server) *redis.Client {
				options := server.Options()
				options.Password = "guess"
				return connect(t, options)
			},
			want: "user name and password",
		},
		"TIME renamed":    {config: []string{`rename-command TIME ""`}, want: "needs EVALSHA, EVAL and TIME"},
		"TIME forbidden":  {config: []string{"user default on nopass ~* &* +@all -time"}, want: "+time"},
		"EVALSHA renamed": {config: []string{`rename-command EVALSHA ""`}, want: "needs EVALSHA, EVAL and TIME"},
		"EVAL forbidden":  {config: []string{"user default on nopass ~* &* +@all -eval"}, want: "+eval"},
		"keys forbidden":  {config: []string{"user default on nopass ~app:* &* +@all"}, want: "prefix as key"},
		"replica": {
			client: func(t *testing.T, server *redistest.Server) *redis.Client {
				return redistest.StartReplica(t, server).Client()
			},
			want: "is a replica",
		},
		"too few replicas": {config: []string{"min-replicas-to-write 1"}, want: "min-replicas-to-write"},
		"node of a Cluster": {
			config: []string{"cluster-enabled yes"},
			want:   "Hash slot not served",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t, redistest.WithConfig(test.config...))
			client := connect(t, server.Options())
			if test.client != nil {
				client = test.client(t, server)
			}
			store := open(t, client)
			for step, err := range steps(t.Context(), store) {
				if err == nil {
					t.Errorf("%s: no error", step)
					continue
				}
				var cause redis.Error
				if !errors.As(err, &cause) || !strings.Contains(err.Error(), test.want) {
					t.Errorf("%s: %v, want %q in it and the server's error", step, err, test.want)
				}
			}
		})
	}
}

// serverError is what a server says that is not at hand.
type serverError string

func (e serverError) Error() string { return string(e) }
func (serverError) RedisError()     {}

// Words that tell what to do are found where older servers have them, and not where they
// are a part of others.
func TestRemedies(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"ASK 3999 127.0.0.1:6381":                               "redis.NewClusterClient",
		"MOVED 3999 127.0.0.1:6381":                             "redis.NewClusterClient",
		"CROSSSLOT Keys in request don't hash to the same slot": "redis.NewClusterClient",
		"ERR Error running script (call to f_1): @user_script:9: @user_script: 9: -READONLY You can't write against a read only replica.": "is a replica",
		"ERR Error running script (call to f_1): @user_script:9: The user executing the script can't run this command or subcommand":      "+evalsha",
		"ERR the TASK was REMOVED": "",
	} {
		if got := idemredis.RemedyFor(serverError(text)); !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("%s: %q, want %q in it", text, got, want)
		}
	}
}

// steps tries those that an absent record does not end at once.
func steps(ctx context.Context, store *idemredis.Store) map[string]error {
	claim := idem.Claim{ID: newID(), Owner: idem.NewOwner(), Fence: 1, Attempt: 1}
	_, claimErr := store.Claim(ctx, request(newID()))
	return map[string]error{
		"Claim":    claimErr,
		"Complete": store.Complete(ctx, claim, nil, []byte("result"), time.Minute),
	}
}

func TestNotARedis(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	store := open(t, connect(t, &redis.Options{Addr: strings.TrimPrefix(web.URL, "http://"), MaxRetries: -1}))
	for step, err := range steps(t.Context(), store) {
		if err == nil || !strings.HasPrefix(err.Error(), "idemredis: ") {
			t.Errorf("%s: %v, want an error that names the package", step, err)
		}
	}
}

// What cannot be read is an error of every step, and only Purge gets rid of it.
func TestUnreadableRecords(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t).Client()
	store := open(t, client)
	for name, damage := range map[string]func(ctx context.Context, key string) error{
		"other version": func(ctx context.Context, key string) error { return client.SetRange(ctx, key, 0, "\x09").Err() },
		"other state":   func(ctx context.Context, key string) error { return client.SetRange(ctx, key, 1, "?").Err() },
		"cut short":     func(ctx context.Context, key string) error { return client.Set(ctx, key, "\x01P", 0).Err() },
		"longer":        func(ctx context.Context, key string) error { return client.Append(ctx, key, "x").Err() },
		"empty":         func(ctx context.Context, key string) error { return client.Set(ctx, key, "", 0).Err() },
		"text":          func(ctx context.Context, key string) error { return client.Set(ctx, key, "hello", 0).Err() },
	} {
		t.Run(name, func(t *testing.T) {
			claim := acquire(t, store, sha256.Sum256([]byte(name)))
			ok(t, damage(t.Context(), keyOf(claim.ID)))
			for step, do := range allSteps(store, claim) {
				if err := do(t.Context()); !errors.Is(err, idemredis.ErrRecord) {
					t.Errorf("%s: %v, want ErrRecord", step, err)
				}
			}
			var scanned error
			for _, err := range store.Scan(t.Context()) {
				scanned = err
			}
			if !errors.Is(scanned, idemredis.ErrRecord) || !strings.Contains(scanned.Error(), claim.ID.String()) {
				t.Errorf("Scan: %v, want ErrRecord with the key", scanned)
			}
			ok(t, store.Purge(t.Context(), claim.ID))
			expect(t, store, claim.ID, idem.Acquired)
		})
	}
}

// What is no record at all is passed over by Scan, as is a damaged one.
func TestKeyOfAnotherType(t *testing.T) {
	t.Parallel()
	const records = 200
	client := redistest.Start(t).Client()
	store := open(t, client)
	for range records {
		acquire(t, store, newID())
	}
	claim := idem.Claim{ID: newID(), Owner: idem.NewOwner()}
	ok(t, client.HSet(t.Context(), keyOf(claim.ID), "field", "value").Err())
	notARecord := func(step string, err error) {
		if !errors.Is(err, idemredis.ErrRecord) || !strings.Contains(err.Error(), "WithPrefix") {
			t.Errorf("%s: %v, want ErrRecord and advice to use WithPrefix", step, err)
		}
	}
	for step, do := range allSteps(store, claim) {
		notARecord(step, do(t.Context()))
	}
	seen, last := 0, error(nil)
	for _, err := range store.Scan(t.Context()) {
		if last = err; err == nil {
			seen++
		}
	}
	notARecord("Scan", last)
	if seen != records {
		t.Errorf("Scan saw %d of %d records", seen, records)
	}
}

func allSteps(store *idemredis.Store, c idem.Claim) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Claim": func(ctx context.Context) error {
			_, err := store.Claim(ctx, request(c.ID))
			return err
		},
		"Extend":   func(ctx context.Context) error { return store.Extend(ctx, c, time.Minute) },
		"Complete": func(ctx context.Context) error { return store.Complete(ctx, c, nil, nil, time.Minute) },
		"Release":  func(ctx context.Context) error { return store.Release(ctx, c) },
		"Abandon":  func(ctx context.Context) error { return store.Abandon(ctx, c, "test") },
		"Wait":     func(ctx context.Context) error { return store.Wait(ctx, c.ID) },
		"Get": func(ctx context.Context) error {
			_, err := store.Get(ctx, c.ID)
			return err
		},
		"Resolve": func(ctx context.Context) error { return store.Resolve(ctx, c.ID, idem.Resolution{}) },
	}
}

// A server without memory refuses new claims, and lets those that it gave end.
func TestFullServer(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t, redistest.WithConfig("maxmemory-policy noeviction")).Client()
	store := open(t, client)
	var claims []idem.Claim
	for range 7 {
		claims = append(claims, acquire(t, store, newID()))
	}
	ok(t, store.Abandon(t.Context(), claims[5], "test"))
	ok(t, store.Abandon(t.Context(), claims[6], "test"))
	// A byte is less than the server has used.
	ok(t, client.ConfigSet(t.Context(), "maxmemory", "1").Err())

	_, err := store.Claim(t.Context(), request(newID()))
	full(t, "Claim", err)
	large := make([]byte, idem.MinRecord+1)
	full(t, "large Complete", store.Complete(t.Context(), claims[0], nil, large, time.Minute))
	full(t, "large Resolve", store.Resolve(t.Context(), claims[5].ID,
		idem.Resolution{State: idem.Done, Record: large, TTL: time.Minute}))

	ok(t, store.Extend(t.Context(), claims[0], time.Minute))
	ok(t, store.Complete(t.Context(), claims[0], large[:32], large[:idem.MinRecord-32], time.Minute))
	ok(t, store.Abandon(t.Context(), claims[1], strings.Repeat("x", 1000)))
	ok(t, store.Release(t.Context(), claims[2]))
	ok(t, store.Resolve(t.Context(), claims[5].ID, idem.Resolution{State: idem.Done, Record: large[1:], TTL: time.Minute}))
	r := request(claims[6].ID)
	r.TakeOver = true
	result, err := store.Claim(t.Context(), r)
	if err != nil || result.State != idem.Acquired {
		t.Errorf("take-over = %v, %v, want acquired: it needs no memory", result.State, err)
	}
	expect(t, store, claims[0].ID, idem.Done)
	expect(t, store, claims[1].ID, idem.Unknown)
	expect(t, store, claims[3].ID, idem.Pending)

	ok(t, client.ConfigSet(t.Context(), "maxmemory", "0").Err())
	ok(t, store.Complete(t.Context(), claims[3], nil, large, time.Minute))
}

func full(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, idem.ErrFull) {
		t.Errorf("%s: %v, want ErrFull", what, err)
	}
}
