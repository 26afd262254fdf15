package main

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	outage   = time.Second
	capacity = 100 // requests in a second
)

// server is down at first, and then does as much as it can. What is too much it refuses.
type server struct {
	*httptest.Server
	limit *rate.Limiter
	up    time.Time

	mu       sync.Mutex
	requests int
	tenths   map[time.Duration]int // requests in each tenth of a second since it is up
}

func startServer() *server {
	s := &server{
		limit:  rate.NewLimiter(capacity, capacity/10),
		up:     time.Now().Add(outage),
		tenths: make(map[time.Duration]int),
	}
	s.Server = httptest.NewServer(http.HandlerFunc(s.handle))
	return s
}

func (s *server) handle(w http.ResponseWriter, _ *http.Request) {
	now := time.Now()
	s.count(now)
	switch {
	case now.Before(s.up):
		panic(http.ErrAbortHandler) // net/http cuts the connection
	case !s.limit.AllowN(now, 1):
		w.WriteHeader(http.StatusServiceUnavailable)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *server) count(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	if since := now.Sub(s.up); since >= 0 {
		s.tenths[since.Truncate(time.Second/10)]++
	}
}

// seen returns how many requests there were, and how many in the busiest tenth of a second
// since the server is up.
func (s *server) seen() (all, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.tenths {
		most = max(most, n)
	}
	return s.requests, most
}
