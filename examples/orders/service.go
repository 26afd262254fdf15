package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

const (
	// workTime is how long an order takes, as if a payment were made.
	workTime = 10 * time.Millisecond
	// stopTimeout bounds the service's orderly end.
	stopTimeout = 5 * time.Second
)

// request is the body of POST /orders, and receipt that of its answer.
type (
	request struct {
		Order string `json:"order"`
	}
	receipt struct {
		Order   string `json:"order"`
		Receipt int    `json:"receipt"`
	}
)

// service is the order service on loopback, behind the middleware and the faults.
type service struct {
	url    string
	faults *faults
	server *http.Server
	served chan error

	replayed   atomic.Int64 // requests that got the stored response
	inProgress atomic.Int64 // requests that were told to come back
}

// startService listens on a free port and serves orders until stop.
func startService(ctx context.Context, c config, l *ledger, o *outage, m *metrics) (*service, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the service cannot listen: %w", err)
	}
	s := &service{url: "http://" + listener.Addr().String(), served: make(chan error, 1)}
	mux := http.NewServeMux()
	mux.Handle("POST /orders", s.protect(c, m, orders(l)))
	s.faults = &faults{
		next: mux, outage: o,
		decide: func(n uint64) decision { return decide(c.seed, n) },
	}
	s.server = &http.Server{Handler: s.faults, ReadHeaderTimeout: callDeadline}
	go func() { s.served <- s.server.Serve(listener) }()
	return s, nil
}

// protect puts the middleware around the handler, unless the run is naive.
func (s *service) protect(c config, m *metrics, orders http.Handler) http.Handler {
	if c.naive {
		return orders
	}
	once := server.New(idem.NewMemory(), append(m.ofService(),
		server.WithSharedScope(), // the fleet is one customer
		server.WithObserver(server.Observer{Answered: s.answered}),
	)...)
	return once(orders)
}

// answered counts the executions that the middleware prevented.
func (s *service) answered(_ context.Context, a server.Answer) {
	switch a.Outcome {
	case server.Replayed:
		s.replayed.Add(1)
	case server.Outcome(idem.InProgress):
		s.inProgress.Add(1)
	}
}

// stop ends the service when its requests have ended.
func (s *service) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	err := s.server.Shutdown(ctx)
	s.faults.wait() // Shutdown does not know requests whose connection was broken
	if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// orders executes an order: some work, a line in the ledger, a receipt.
func orders(l *ledger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var order request
		if err := json.NewDecoder(r.Body).Decode(&order); err != nil || order.Order == "" {
			http.Error(w, "the body is no order", http.StatusBadRequest)
			return
		}
		time.Sleep(workTime)
		number, err := l.append(order.Order)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(receipt{order.Order, number}) // the client is gone if this fails
	})
}
