package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// What a service is made of: 100 orders a second.
const (
	fullStaff = 10
	workTime  = 100 * time.Millisecond // a worker's, for an order
	// refuseTime is a worker's, too: refusals are not free, and that is what keeps a service
	// down whom its callers ask too often.
	refuseTime = workTime / 5
	// maxOwed bounds the time that refusals may take from a service which is asked no more.
	maxOwed = fullStaff * time.Second
	// recordLife is longer than any caller waits (patience), and short enough that hours of
	// orders fit into memory.
	recordLife = 5 * time.Minute
)

// service takes orders: so many at a time, as many more may wait, and the others are
// refused.
type service struct {
	arrived, ran, prevented atomic.Int64

	mu      sync.Mutex // held wherever the staff is looked at
	staff   int        // workers
	busy    int        // of them; more than staff when some are about to leave
	waiting []func(taken bool)
	owed    time.Duration // work for refusals that is not done yet
	back    time.Time     // the end of the outage
}

func newService() *service { return &service{staff: fullStaff} }

// handler is the service as it would be deployed, with the middleware in front of what
// has effects.
func (s *service) handler() http.Handler {
	once := server.New(idem.NewMemory(),
		server.WithSharedScope(), // there is one customer
		server.WithRequired(),
		server.WithGuard(idem.WithTTL(recordLife)),
		server.WithObserver(server.Observer{Answered: s.answered}),
	)
	mux := http.NewServeMux()
	mux.Handle("POST /orders", s.door(once(http.HandlerFunc(s.order))))
	return mux
}

// door counts who comes, and is closed during an outage.
func (s *service) door(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.arrived.Add(1)
		if s.away() > 0 {
			http.Error(w, "away", http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// order waits until a worker has run the order. It does not look at the request's context:
// the worker would not know, and the wait is bounded by what may be owed.
func (s *service) order(w http.ResponseWriter, _ *http.Request) {
	answer := make(chan bool, 1)
	s.take(func(taken bool) { answer <- taken })
	if !<-answer {
		http.Error(w, "too many orders", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, "order %d\n", s.ran.Add(1))
}

// answered counts the orders that would have run a second time.
func (s *service) answered(_ context.Context, a server.Answer) {
	if a.Outcome == server.Replayed {
		s.prevented.Add(1)
	}
}
