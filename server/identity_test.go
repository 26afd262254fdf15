package server_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
	"github.com/goaroundhq/goaround/skew"
)

func TestUnguardedRequestsPass(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		method string
		key    string
	}{
		{name: "no key", method: "POST"},
		{name: "GET", method: "GET", key: "k"},
		{name: "PUT", method: "PUT", key: "k"},
		{name: "DELETE", method: "DELETE", key: "k"},
		{name: "malformed key on a GET", method: "GET", key: "a,b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if server.NothingHappened(r.Context()) || server.OutcomeUnknown(r.Context()) {
					t.Error("an unguarded request has an outcome")
				}
				created(w, r)
			})
			for range 2 {
				r := s.send(tt.method, "/orders", tt.key, "{}")
				if r.status != http.StatusCreated || r.replayed() || r.header.Get(idem.Header) != "" {
					t.Errorf("response %d %v", r.status, r.header)
				}
			}
			s.expectRuns(2)
			s.expectOutcomes(server.Ignored, server.Ignored)
		})
	}
}

func TestExpiringKeys(t *testing.T) {
	t.Parallel()
	keyAt := func(at time.Time) string { // a UUIDv7 of that time
		ms := at.UnixMilli()
		hex := "0123456789abcdef"
		b := make([]byte, 12)
		for i := range b {
			b[11-i] = hex[ms>>(4*i)&15]
		}
		return string(b[:8]) + "-" + string(b[8:]) + "-7000-8000-000000000000"
	}
	const ttl, ahead = time.Hour, 5 * time.Minute
	for _, tt := range []struct {
		name    string
		key     string
		clock   *skew.Clock
		refused idem.Status
	}{
		{"fresh", idem.NewKey(), nil, ""},
		{"nearly over", keyAt(time.Now().Add(-ttl + ahead + time.Minute)), nil, ""},
		{"over", keyAt(time.Now().Add(-ttl + ahead - time.Second)), nil, idem.KeyExpired},
		{"of a client whose clock is fast", keyAt(time.Now().Add(ahead - time.Minute)), nil, ""},
		{"from the future", keyAt(time.Now().Add(ahead + time.Minute)), nil, idem.KeyInvalid},
		{"nearly over by a clock that may be slow", keyAt(time.Now().Add(-ttl + ahead + time.Minute)), skew.New(skew.WithUncertainty(2 * time.Minute)), idem.KeyExpired},
		{"over by a clock that is known to be fast", keyAt(time.Now().Add(-ttl + ahead - time.Minute)), skew.New(skew.WithOffset(-2 * time.Minute)), ""},
		{"from the future by a clock that may be fast", keyAt(time.Now().Add(ahead - time.Minute)), skew.New(skew.WithUncertainty(2 * time.Minute)), idem.KeyInvalid},
		{"carries no time", "order-17", nil, ""},
		{"carries no time, to a server that does not know it", "order-18", skew.New(skew.WithUncertainty(time.Hour)), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, created, server.WithExpiringKeys(tt.clock), server.WithGuard(idem.WithTTL(ttl)))
			r := s.post(tt.key)
			if tt.refused == "" {
				s.expect(r, http.StatusCreated, `{"id":17}`)
				return
			}
			s.expectProblem(r, http.StatusBadRequest, tt.refused)
			s.expectRuns(0)
		})
	}
}

// A server that does not know the time blames itself, and not the key.
func TestExpiringKeysOnAnUncertainClock(t *testing.T) {
	t.Parallel()
	for _, ttl := range []time.Duration{15 * time.Second, 24 * time.Hour} {
		ahead := min(5*time.Minute, ttl/10)
		for by, status := range map[time.Duration]int{ahead / 2: http.StatusCreated, ahead + time.Second: http.StatusServiceUnavailable} {
			s := serve(t, created, server.WithExpiringKeys(skew.New(skew.WithUncertainty(by))), server.WithGuard(idem.WithTTL(ttl)))
			r := s.post(idem.NewKey())
			if r.status != status {
				t.Errorf("lifetime %v, clock +-%v: %d %s, want %d", ttl, by, r.status, r.body, status)
			}
			if status == http.StatusServiceUnavailable {
				s.expectProblem(r, status, idem.StoreUnavailable)
			}
		}
	}
}

func TestOptionsThatCannotBeMeantPanic(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		f    func()
		want string
	}{
		{"no scope", func() { server.New(idem.NewMemory()) }, "server: New needs WithScope, or WithSharedScope to choose one key space for all callers"},
		{"no store", func() { server.New(nil, server.WithSharedScope()) }, "idem: NewGuard without a store"},
		{"no route", func() { server.WithRoute(nil) }, "server: WithRoute(nil): must not be nil"},
		{"no statuses", func() { server.WithNothingHappened(nil) }, "server: WithNothingHappened(nil): must not be nil"},
		{"no admin", func() {
			look := func(*http.Request, string) (idem.Resolution, error) { return idem.Resolution{}, nil }
			server.New(struct{ idem.Store }{idem.NewMemory()}, server.WithSharedScope(), server.WithRecover(look))
		}, "server: WithRecover needs a store that is an idem.Admin, not struct { idem.Store }"},
		{"negative body", func() { server.WithMaxBody(-1) }, "server: WithMaxBody(-1): must not be negative"},
	} {
		func() {
			defer func() {
				if r := recover(); r != tt.want {
					t.Errorf("%s: recovered %v", tt.name, r)
				}
			}()
			tt.f()
		}()
	}
}

// The route that an inner mux finds is seen by middleware outside.
func TestPatternReachesOuterMiddleware(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders/{id}", created)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/orders/17", nil)
	r.Header.Set(idem.Header, "k")
	server.New(idem.NewMemory(), server.WithSharedScope())(mux).ServeHTTP(httptest.NewRecorder(), r)
	if r.Pattern != "POST /orders/{id}" {
		t.Errorf("Pattern = %q", r.Pattern)
	}
}
