package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// FuzzIsolation lets two callers send what they like, as bytes on the wire: a response that
// has been stored is only ever given to who asks for that operation, and asked for it first.
func FuzzIsolation(f *testing.F) {
	long := strings.Repeat("k", idem.MaxKeyLen)
	f.Add("", "ann", "POST /orders", "k", "bob", "POST /orders", "k")
	f.Add("", "ann", "POST /orders", `"k"`, "ann", "POST /orders", "k")
	f.Add("", "ann", "POST /orders", "k", "ann", "PATCH /orders", "k")
	f.Add("", "ann", "POST /orders", "k", "ann", "POST /orders?a=b", "k")
	f.Add("", "ann", "POST /a/../orders", "k", "ann", "POST /orders", "k")
	f.Add("", "ann", "POST /%6frders", "k", "ann", "POST //orders", "k")
	f.Add("", "ann", "POST http://a/orders", "k", "ann", "POST http://b/orders", "k")
	f.Add("", "ann\x04POST", "POST /orders", "k", "ann", "POST /orders", "k")
	f.Add("a", "nn", "POST /orders", "k", "ann", "POST /orders", "k")
	f.Add("", "", "POST /orders", "k", "\x00", "POST /orders", "k")
	f.Add("", "*", "POST /orders", long, "ann", "POST /orders", long+"k")
	f.Add("", "caf\u00e9", "POST /orders", " k ", "cafe\u0301", "POST /orders", "k;v=1")
	f.Add("", "ann", "POST /orders", "k\r\nIdempotency-Key: l", "bob", "POST /orders", "k\r\n l")
	f.Add("", "ann", "POST /orders", `"a, b"`, "bob", "POST /orders", "a, b")
	f.Add("", "ann", "POST /orders", `"a\"b\\c"`, "bob", "POST /orders", `"a";v="\""`)
	f.Fuzz(func(t *testing.T, namespace, scope1, target1, key1, scope2, target2, key2 string) {
		i := newIsolation(namespace)
		first := parse(target1, key1)
		second := parse(target2, key2)
		i.check(t, scope1, first)
		i.check(t, scope2, second)
		i.check(t, scope1, first)
		i.check(t, scope2, second)
	})
}

// parse reads a request as net/http does; nil for what is none.
func parse(target, key string) *http.Request {
	raw := target + " HTTP/1.1\r\nHost: api.test\r\n" + idem.Header + ": " + key + "\r\n\r\n"
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
	if err != nil {
		return nil
	}
	return r
}

// isolation is a service whose handler answers with what it was asked for, and by whom.
type isolation struct {
	handler http.Handler
	scope   string          // of the request under way
	run     map[string]bool // operations that have been run
}

func newIsolation(namespace string) *isolation {
	i := &isolation{run: make(map[string]bool)}
	once := server.New(idem.NewMemory(), server.WithNamespace(namespace), server.WithRequired(),
		server.WithScope(func(*http.Request) (idem.Scope, error) { return idem.Scope(i.scope), nil }))
	i.handler = once(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		attempt, _ := idem.FromContext(r.Context())
		_, _ = io.WriteString(w, i.operation(r, attempt.Key))
	}))
	return i
}

// operation is what the current caller asks for. Quoted parts cannot run into each other.
func (i *isolation) operation(r *http.Request, key string) string {
	route, _, _ := strings.Cut(r.RequestURI, "?")
	if !strings.HasPrefix(route, "/") {
		route = r.URL.EscapedPath()
	}
	return fmt.Sprintf("%q %q %q %q", i.scope, r.Method, route, key)
}

func (i *isolation) check(t *testing.T, scope string, r *http.Request) {
	t.Helper()
	if r == nil || r.Method != http.MethodPost && r.Method != http.MethodPatch {
		return
	}
	i.scope = scope
	w := httptest.NewRecorder()
	i.handler.ServeHTTP(w, r)
	key, err := idem.ParseHeader(r.Header[idem.Header])
	own := i.operation(r, key)
	replayed := w.Header().Get(idem.ReplayedHeader) == "true"
	switch status := w.Header().Get(idem.StatusHeader); {
	case err != nil || scope == "":
		if status == "" {
			t.Fatalf("%s: %d %s", own, w.Code, w.Body)
		}
	case status == string(idem.KeyReused): // same operation, other query
		if !i.run[own] {
			t.Fatalf("%s: the key of another operation counts", own)
		}
	case w.Body.String() != own:
		t.Fatalf("asked for %s, got %s", own, w.Body)
	case replayed != i.run[own]:
		t.Fatalf("%s: replayed: %v", own, replayed)
	default:
		i.run[own] = true
	}
}

// steps is a store that notes what it was asked and what it said.
type steps struct {
	*idem.Memory
	mu  sync.Mutex
	log []string
}

func (s *steps) note(step string, state idem.State, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, fmt.Sprint(step, state, err))
}

func (s *steps) taken() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.log
	s.log = nil
	return taken
}

func (s *steps) Claim(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
	result, err := s.Memory.Claim(ctx, r)
	s.note("claim ", result.State, err)
	return result, err
}

func (s *steps) Wait(ctx context.Context, id idem.ID) error {
	err := s.Memory.Wait(ctx, id)
	s.note("wait ", 0, err)
	return err
}

func (s *steps) Complete(ctx context.Context, c idem.Claim, fingerprint, record []byte, ttl time.Duration) error {
	err := s.Memory.Complete(ctx, c, fingerprint, record, ttl)
	s.note("complete ", 0, err)
	return err
}

// Whether another caller has used a key, runs it now, or does not know how it ended, shows
// neither in what a caller gets for the same key nor in what it costs, and it waits for
// nobody.
func TestKeysOfOthersTellNothing(t *testing.T) {
	t.Parallel()
	running, free := make(chan struct{}), make(chan struct{})
	store := &steps{Memory: idem.NewMemory()}
	byUser := server.WithScope(func(r *http.Request) (idem.Scope, error) {
		user, _, ok := r.BasicAuth()
		if !ok {
			return "", errors.New("nobody is logged in")
		}
		return idem.Scope(user), nil
	})
	s := serveStore(t, store, func(w http.ResponseWriter, r *http.Request) {
		switch user, does, _ := r.BasicAuth(); {
		case user == "bob":
		case does == "hangs":
			close(running)
			<-free
		case does == "panics":
			panic(http.ErrAbortHandler)
		}
		created(w, r)
	}, byUser, server.WithGuard(idem.WithWait(time.Minute)))
	as := func(user, does string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(user, does) }
	}
	hung := make(chan reply)
	go func() { hung <- s.post("runs now", as("ann", "hangs")) }()
	<-running
	s.post("was used", as("ann", ""))
	s.post("is unknown", as("ann", "panics"))

	store.taken()
	want := s.post("was never used", as("bob", ""))
	cost := store.taken()
	for _, key := range []string{"runs now", "was used", "is unknown"} {
		got := s.post(key, as("bob", ""))
		for name := range want.header {
			if name == idem.Header || name == "Date" {
				got.header[name] = want.header[name]
			}
		}
		if got.status != want.status || got.body != want.body || !maps.EqualFunc(got.header, want.header, slices.Equal) {
			t.Errorf("%s: %d %q %v, want %d %q %v", key, got.status, got.body, got.header, want.status, want.body, want.header)
		}
		if steps := store.taken(); !slices.Equal(steps, cost) {
			t.Errorf("%s: steps %q, want %q", key, steps, cost)
		}
	}
	close(free)
	s.expect(<-hung, http.StatusCreated, `{"id":17}`)
}
