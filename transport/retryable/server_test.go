package retryable_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// noWait is a backoff for tests that are not about time.
var noWait = transport.WithBackoff(slot.BackoffFunc(func(int) time.Duration { return 0 }))

// server answers with one status after the other, the last one again and again, and keeps
// what it was sent.
type server struct {
	*httptest.Server
	mu    sync.Mutex
	sent  []*http.Request
	body  []string
	conns int
}

func newServer(t *testing.T, statuses ...int) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.sent = append(s.sent, r)
		s.body = append(s.body, string(body))
		status := statuses[min(len(s.sent), len(statuses))-1]
		s.mu.Unlock()
		w.WriteHeader(status)
		fmt.Fprint(w, http.StatusText(status))
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.mu.Lock()
			s.conns++
			s.mu.Unlock()
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func (s *server) requests() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

func (s *server) bodies() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.body)
}

func (s *server) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns
}

// base is a transport of its own for each test, so that connections can be counted.
func base(t *testing.T) *http.Transport {
	t.Helper()
	b := &http.Transport{}
	t.Cleanup(b.CloseIdleConnections)
	return b
}

func post(t *testing.T, url string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("order"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Caller", "as it was")
	return req
}

// printed collects what is logged.
type printed struct {
	mu    sync.Mutex
	lines []string
}

func (p *printed) Printf(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, fmt.Sprintf(format, args...))
}
