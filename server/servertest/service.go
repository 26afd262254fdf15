package servertest

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// service is a guarded handler behind a server on loopback: one machine of several that may
// share a store.
type service struct {
	*env
	server  *httptest.Server
	client  *http.Client
	runs    atomic.Int32
	mu      sync.Mutex
	answers []server.Answer
}

// serve starts a service over the rule's store.
func (e *env) serve(h http.HandlerFunc, opts ...server.Option) *service {
	e.Helper()
	return e.serveOn(e.store, h, opts...)
}

// serveOn starts a service over another store, which may be the rule's behind a wire.
func (e *env) serveOn(store idem.Store, h http.HandlerFunc, opts ...server.Option) *service {
	e.Helper()
	s := &service{env: e}
	s.listen(s.guard(store, h, opts...))
	return s
}

// serveBehind starts a service with other middleware around the guard.
func (e *env) serveBehind(outer func(http.Handler) http.Handler, h http.HandlerFunc, opts ...server.Option) *service {
	e.Helper()
	s := &service{env: e}
	s.listen(outer(s.guard(e.store, h, opts...)))
	return s
}

// guard counts the runs of h. Without other options its key space is the rule's own, and no
// lease or lifetime ends by itself within a rule.
func (s *service) guard(store idem.Store, h http.HandlerFunc, opts ...server.Option) http.Handler {
	defaults := []server.Option{
		server.WithSharedScope(),
		server.WithNamespace(s.namespace),
		server.WithObserver(server.Observer{Answered: s.answered}),
		server.WithGuard(
			idem.WithLease(1000*s.unit), idem.WithTTL(1000*s.unit),
			idem.WithStoreTimeout(s.patience()), idem.WithFinishTimeout(s.patience()),
		),
	}
	return server.New(store, append(defaults, opts...)...)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.runs.Add(1)
		h(w, r)
	}))
}

func (s *service) listen(h http.Handler) {
	s.open(h)
	s.server.Start()
	// A connection for each request: net/http sends a request with an Idempotency-Key again
	// by itself when a connection that was used before breaks.
	s.connect(&http.Transport{DisableKeepAlives: true, ExpectContinueTimeout: s.patience()})
}

// open makes a server that does not listen yet.
func (s *service) open(h http.Handler) {
	s.server = httptest.NewUnstartedServer(h)
	s.server.Config.ErrorLog = log.New(io.Discard, "", 0) // panics are part of the test
	s.Cleanup(s.server.Close)
}

func (s *service) connect(transport http.RoundTripper) {
	s.client = &http.Client{
		Transport: transport,
		Timeout:   s.patience(),
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

func (s *service) answered(_ context.Context, a server.Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = append(s.answers, a)
}

// allAnswers is what the observer was told, in order.
func (s *service) allAnswers() []server.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.answers)
}

// lastAnswer is what the observer was told last.
func (s *service) lastAnswer() server.Answer {
	s.Helper()
	all := s.allAnswers()
	if len(all) == 0 {
		s.Fatal("the observer was told nothing")
	}
	return all[len(all)-1]
}

func (s *service) expectRuns(want int32) {
	s.Helper()
	if got := s.runs.Load(); got != want {
		s.Errorf("the handler ran %d times, want %d", got, want)
	}
}

func (s *service) expectOutcomes(want ...server.Outcome) {
	s.Helper()
	var got []server.Outcome
	for _, a := range s.allAnswers() {
		got = append(got, a.Outcome)
	}
	if !slices.Equal(got, want) {
		s.Errorf("outcomes %q, want %q", got, want)
	}
}

// change is a change to a request before it is sent.
type change = func(*http.Request)

// within bounds a request, in place of the rule's patience.
func within(ctx context.Context) change {
	return func(r *http.Request) { *r = *r.WithContext(ctx) }
}

// send makes a request and reads the response. It may be called from any goroutine.
func (s *service) send(method, path, key, body string, changes ...change) reply {
	req, err := http.NewRequestWithContext(s.Context(), method, s.server.URL+path, strings.NewReader(body))
	if err != nil {
		return reply{err: err}
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set(idem.Header, key)
	}
	for _, f := range changes {
		f(req)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return reply{err: err}
	}
	return read(resp)
}

// post sends an order.
func (s *service) post(key string, changes ...change) reply {
	return s.send(http.MethodPost, "/orders", key, `{"item":"book"}`, changes...)
}

// begin sends an order and does not wait for the response.
func (s *service) begin(key string, changes ...change) <-chan reply {
	c := make(chan reply, 1)
	go func() { c <- s.post(key, changes...) }()
	return c
}

// underWay starts a service and an order to it, whose handler runs until goOn is closed.
func (e *env) underWay(opts ...server.Option) (s *service, first <-chan reply, goOn chan struct{}) {
	e.Helper()
	started, goOn := make(chan struct{}), make(chan struct{})
	s = e.serve(func(w http.ResponseWriter, r *http.Request) {
		close(started)
		e.hold(goOn)
		created(w, r)
	}, opts...)
	first = s.begin("k")
	await(e, "the handler", started)
	return s, first, goOn
}

// until sends an order again and again until the response is what is waited for.
func (s *service) until(what, key string, fits func(reply) bool) reply {
	s.Helper()
	for deadline := time.Now().Add(s.patience()); ; time.Sleep(s.unit / 20) {
		r := s.post(key)
		if fits(r) {
			return r
		}
		if time.Now().After(deadline) {
			s.Fatalf("waited in vain for %s, and got %v", what, r)
		}
	}
}

// settled sends an order until the first one of that key no longer runs.
func (s *service) settled(key string) reply {
	s.Helper()
	return s.until("the end of the first request", key, func(r reply) bool { return !r.says(idem.InProgress) })
}

// untilUnknown waits until a claim that nobody looks after reads as unknown.
func (s *service) untilUnknown(key string) {
	s.Helper()
	r := s.settled(key)
	s.expectProblem(r, http.StatusConflict, idem.OutcomeUnknown)
	if r.header.Get("Retry-After") != "" {
		s.Error("a client is asked to come back for nothing")
	}
}

// operation is the ID of an order.
func (e *env) operation(key string) idem.ID {
	return idem.NewID(e.namespace, idem.SharedScope, http.MethodPost, "/orders", key)
}
