package server_test

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// quiet is for servers whose complaints are part of the test.
var quiet = log.New(io.Discard, "", 0)

// service is a guarded handler behind a real server on loopback.
type service struct {
	*testing.T
	store   *idem.Memory
	url     string
	client  *http.Client
	runs    atomic.Int32
	mu      sync.Mutex
	answers []server.Answer
}

// serve starts a service. Its handler is guarded with a memory store and a shared scope,
// unless opts say otherwise.
func serve(t *testing.T, h http.HandlerFunc, opts ...server.Option) *service {
	t.Helper()
	store := idem.NewMemory()
	s := serveStore(t, store, h, opts...)
	s.store = store
	return s
}

func serveStore(t *testing.T, store idem.Store, h http.HandlerFunc, opts ...server.Option) *service {
	t.Helper()
	s := &service{T: t}
	opts = append([]server.Option{server.WithSharedScope(), server.WithObserver(server.Observer{Answered: s.answered})}, opts...)
	guarded := server.New(store, opts...)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.runs.Add(1)
		h(w, r)
	}))
	ts := httptest.NewUnstartedServer(guarded)
	ts.Config.ErrorLog = quiet
	ts.Start()
	s.url, s.client = ts.URL, ts.Client()
	t.Cleanup(ts.Close)
	return s
}

func (s *service) answered(_ context.Context, a server.Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = append(s.answers, a)
}

// outcomes returns what the observer was told, in order.
func (s *service) outcomes() []server.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []server.Outcome
	for _, a := range s.answers {
		all = append(all, a.Outcome)
	}
	return all
}

func (s *service) lastAnswer() server.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.answers) == 0 {
		s.Fatal("the observer was told nothing")
	}
	return s.answers[len(s.answers)-1]
}

// reply is a response that was read to its end.
type reply struct {
	status int
	header http.Header
	body   string
	err    error // of reading the body
}

func (r reply) replayed() bool { return r.header.Get(idem.ReplayedHeader) == "true" }

// problem decodes a problem document and checks that it is a whole one.
func (s *service) problem(r reply) idem.Status {
	s.Helper()
	var p struct {
		Type, Title, Detail    string
		Status, OriginalStatus int
	}
	if got := r.header.Get("Content-Type"); got != "application/problem+json" {
		s.Errorf("%d with Content-Type %q and body %q, want a problem", r.status, got, r.body)
		return ""
	}
	if err := json.Unmarshal([]byte(r.body), &p); err != nil {
		s.Errorf("problem %q: %v", r.body, err)
	}
	slug, ok := strings.CutPrefix(p.Type, server.ProblemType)
	if !ok || p.Title == "" || p.Detail == "" || p.Status != r.status {
		s.Errorf("problem %+v in a response of %d", p, r.status)
	}
	if got := r.header.Get(idem.StatusHeader); got != slug {
		s.Errorf("status header %q, type %q", got, p.Type)
	}
	return idem.Status(slug)
}

// send makes a request and reads the response. Options change the request.
func (s *service) send(method, path, key, body string, change ...func(*http.Request)) reply {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set(idem.Header, key)
	}
	for _, f := range change {
		f(req)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return reply{err: err}
	}
	return read(resp)
}

func read(resp *http.Response) reply {
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(body), err}
}

// post sends an order.
func (s *service) post(key string, change ...func(*http.Request)) reply {
	s.Helper()
	return s.send(http.MethodPost, "/orders", key, `{"item":"book"}`, change...)
}

// expect checks a response.
func (s *service) expect(r reply, status int, body string) {
	s.Helper()
	if r.err != nil || r.status != status || r.body != body {
		s.Errorf("response %d %q, %v; want %d %q", r.status, r.body, r.err, status, body)
	}
}

// expectProblem checks that the middleware refused.
func (s *service) expectProblem(r reply, status int, want idem.Status) {
	s.Helper()
	if r.err != nil {
		s.Errorf("no response: %v", r.err)
		return
	}
	if got := s.problem(r); r.status != status || got != want {
		s.Errorf("%d %s, want %d %s", r.status, got, status, want)
	}
}

func (s *service) expectRuns(want int32) {
	s.Helper()
	if got := s.runs.Load(); got != want {
		s.Errorf("the handler ran %d times, want %d", got, want)
	}
}

func (s *service) expectOutcomes(want ...server.Outcome) {
	s.Helper()
	if got := s.outcomes(); !slices.Equal(got, want) {
		s.Errorf("outcomes %q, want %q", got, want)
	}
}

// created answers as services do.
func created(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Location", "/orders/17")
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, `{"id":17}`)
}
