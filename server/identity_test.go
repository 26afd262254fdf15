package server_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
	"github.com/goaroundhq/goaround/skew"
)

func as(user string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(user, "secret") }
}

func byUser(r *http.Request) (idem.Scope, error) {
	user, _, ok := r.BasicAuth()
	if !ok {
		return "", errors.New("nobody is logged in")
	}
	return idem.Scope(user), nil
}

func TestCallersDoNotShareKeys(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		user, _, _ := r.BasicAuth()
		_, _ = w.Write([]byte("for " + user))
	}, server.WithScope(byUser))
	s.expect(s.post("k", as("ann")), 200, "for ann")
	s.expect(s.post("k", as("bob")), 200, "for bob")
	s.expect(s.post("k", as("ann")), 200, "for ann")
	s.expectRuns(2)
	s.expectOutcomes(server.Executed, server.Executed, server.Replayed)
}

func TestCallerThatIsNotKnownIsRefused(t *testing.T) {
	t.Parallel()
	s := serve(t, created, server.WithScope(byUser))
	s.expectProblem(s.post("k"), http.StatusForbidden, idem.ScopeUnknown)
	s.expectProblem(s.post("k", as("")), http.StatusForbidden, idem.ScopeUnknown)
	s.expectRuns(0)
	if a := s.lastAnswer(); a.Err == nil {
		t.Error("the observer was not told why")
	}
}

func TestAnotherRouteOrMethodIsAnotherOperation(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(r.Method + " " + r.URL.Path)) })
	for range 2 {
		s.expect(s.send("POST", "/a", "k", ""), 200, "POST /a")
		s.expect(s.send("POST", "/b", "k", ""), 200, "POST /b")
		s.expect(s.send("PATCH", "/a", "k", ""), 200, "PATCH /a")
	}
	s.expectRuns(3)
}

func TestOneRouteUnderTwoPaths(t *testing.T) {
	t.Parallel()
	s := serve(t, created, server.WithRoute(func(*http.Request) string { return "create order" }))
	s.send("POST", "/v1/orders", "k", "{}")
	// One operation, and not the same request.
	s.expectProblem(s.send("POST", "/v2/orders", "k", "{}"), http.StatusUnprocessableEntity, idem.KeyReused)
	s.expectRuns(1)
}

func TestNamespacesShareAStore(t *testing.T) {
	t.Parallel()
	store := idem.NewMemory()
	for _, name := range []string{"shop", "bank"} {
		s := serveStore(t, store, created, server.WithNamespace(name))
		s.post("k")
		s.expectRuns(1)
	}
}

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

// Clients offer an upgrade to HTTP/2 on ordinary requests; that must not switch the guard
// off.
func TestUpgradeOfferIsGuarded(t *testing.T) {
	t.Parallel()
	s := serve(t, created)
	for range 2 {
		s.expect(s.post("k", func(r *http.Request) {
			r.Header.Set("Connection", "Upgrade, HTTP2-Settings")
			r.Header.Set("Upgrade", "h2c")
		}), http.StatusCreated, `{"id":17}`)
	}
	s.expectRuns(1)
}

func TestNestedMiddlewareGuardsOnce(t *testing.T) {
	t.Parallel()
	store := idem.NewMemory()
	once := server.New(store, server.WithSharedScope())
	s := serveStore(t, store, func(w http.ResponseWriter, r *http.Request) {
		once(http.HandlerFunc(created)).ServeHTTP(w, r)
	})
	s.expect(s.post("k"), 201, `{"id":17}`)
	if !s.post("k").replayed() {
		t.Error("not replayed")
	}
	s.expectRuns(1)
}

func TestBadKeys(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		keys []string
		want idem.Status
	}{
		{"missing", nil, idem.KeyMissing},
		{"empty", []string{""}, idem.KeyInvalid},
		{"blank", []string{`" "`}, idem.KeyInvalid},
		{"two fields", []string{"a", "b"}, idem.KeyInvalid},
		{"joined", []string{"a, b"}, idem.KeyInvalid},
		{"malformed", []string{`"abc`}, idem.KeyInvalid},
		{"not ASCII", []string{"schl\u00fcssel"}, idem.KeyInvalid},
		{"too long", []string{strings.Repeat("k", 256)}, idem.KeyInvalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, created, server.WithRequired())
			r := s.post("", func(r *http.Request) {
				if tt.keys != nil {
					r.Header[idem.Header] = tt.keys
				}
			})
			s.expectProblem(r, http.StatusBadRequest, tt.want)
			s.expectRuns(0)
			s.expectOutcomes(server.Outcome(tt.want))
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
	const ttl = time.Hour
	for _, tt := range []struct {
		name    string
		key     string
		clock   *skew.Clock
		expired bool
	}{
		{"fresh", idem.NewKey(), nil, false},
		{"nearly over", keyAt(time.Now().Add(-ttl + time.Minute)), nil, false},
		{"over", keyAt(time.Now().Add(-ttl - time.Second)), nil, true},
		{"from the future", keyAt(time.Now().Add(time.Hour)), nil, false},
		{"nearly over by a clock that may be slow", keyAt(time.Now().Add(-ttl + time.Minute)), skew.New(skew.WithUncertainty(2 * time.Minute)), true},
		{"over by a clock that is known to be fast", keyAt(time.Now().Add(-ttl - time.Minute)), skew.New(skew.WithOffset(-2 * time.Minute)), false},
		{"carries no time", "order-17", nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, created, server.WithExpiringKeys(tt.clock), server.WithGuard(idem.WithTTL(ttl)))
			r := s.post(tt.key)
			if !tt.expired {
				s.expect(r, http.StatusCreated, `{"id":17}`)
				return
			}
			s.expectProblem(r, http.StatusBadRequest, idem.KeyExpired)
			s.expectRuns(0)
		})
	}
}

func TestNewPanicsWithoutAScope(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		f    func()
		want string
	}{
		{"no scope", func() { server.New(idem.NewMemory()) }, "server: New needs WithScope, or WithSharedScope to choose one key space for all callers"},
		{"no store", func() { server.New(nil, server.WithSharedScope()) }, "idem: NewGuard without a store"},
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
