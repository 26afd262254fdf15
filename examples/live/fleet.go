package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
	"github.com/goaroundhq/goaround/transport/faults"
)

const (
	// processes is how many a fleet has: each has connections and a queue of its own, and
	// knows of the others only by the store.
	processes = 5
	// connections bounds those of a process. A service has no more than 20 orders in hand, so
	// nobody waits long for one; thousands of callers would want more files than there are.
	connections = 60
	// storeTimeout is longer than it would be for processes of their own: with thousands of
	// callers in one program, it is the program that is late, and not Redis.
	storeTimeout = 2 * time.Second
	// lost is the share of responses that get lost.
	lost = 0.03
	// patience is how long a caller waits to be served.
	patience = 2 * time.Minute
)

// fleet is the callers of one service.
type fleet struct {
	service *service
	url     string
	wires   []*http.Transport
	clients []*http.Client // one for each process
	queues  []*slot.Queue  // likewise, or none

	coming, begun, attempts, served, gaveUp, sentHome, fellBack atomic.Int64

	turn   atomic.Uint64 // deals calls to processes
	mode   atomic.Uint32 // a book.Mode, as a process saw it last
	adrift atomic.Int64  // processes whose queue cannot ask its store
}

// newFleet makes the processes of a fleet. They take turns by a store, or wait at random
// where it is nil.
func newFleet(s *service, url string, store slot.Store, dates *skew.DateSource) *fleet {
	f := &fleet{service: s, url: url}
	for i := range processes {
		opts := []transport.Option{
			// Callers are patient, and nothing but the way they wait shall make a difference.
			transport.WithMaxAttempts(0), transport.WithBudget(nil),
			transport.WithObserver(transport.Observer{Attempt: f.attempt, Call: f.call}),
			transport.WithDateSource(dates),
		}
		if store != nil {
			queue := slot.NewQueue(slot.WithStore(store), slot.WithStoreTimeout(storeTimeout), slot.WithQueueObserver(f.observer()))
			f.queues = append(f.queues, queue)
			opts = append(opts, transport.WithSlots(queue), transport.WithGatedFirst())
		}
		wire := &http.Transport{MaxConnsPerHost: connections, MaxIdleConnsPerHost: connections}
		network := faults.Random(uint64(i), faults.Share(lost, faults.LoseResponse()))
		f.wires = append(f.wires, wire)
		f.clients = append(f.clients, &http.Client{Transport: transport.New(network(wire), opts...)})
	}
	return f
}

// attempt counts attempts.
func (f *fleet) attempt(context.Context, transport.Attempt) { f.attempts.Add(1) }

// call counts how calls end.
func (f *fleet) call(ctx context.Context, c transport.Call) {
	switch {
	case c.Status == http.StatusCreated:
		f.served.Add(1)
	case errors.Is(ctx.Err(), context.Canceled): // and not out of patience
		f.sentHome.Add(1)
	default:
		f.gaveUp.Add(1)
	}
}

// observer watches the queue of a process.
func (f *fleet) observer() slot.QueueObserver {
	var adrift atomic.Bool
	return slot.QueueObserver{
		Mode: func(_ context.Context, m slot.ModeInfo) { f.mode.Store(uint32(m.To)) },
		FellBack: func(_ context.Context, b slot.FellBackInfo) {
			f.fellBack.Add(int64(b.Callers))
			if adrift.CompareAndSwap(false, true) {
				f.adrift.Add(1)
			}
		},
		Recovered: func(context.Context, slot.RecoveredInfo) {
			if adrift.CompareAndSwap(true, false) {
				f.adrift.Add(-1)
			}
		},
	}
}

// order is one call, by the next process.
func (f *fleet) order(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.url+"/orders", strings.NewReader("tea"))
	if err != nil {
		return err
	}
	resp, err := f.clients[f.turn.Add(1)%processes].Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusCreated {
		return fmt.Errorf("status %s", resp.Status)
	}
	return nil
}

// waiting is how many calls have begun and not ended.
func (f *fleet) waiting() int64 {
	ended := f.served.Load() + f.gaveUp.Load() + f.sentHome.Load() // before begun, which is never less
	return f.begun.Load() - ended
}

// close ends what runs in the background. No call must run any more.
func (f *fleet) close() error {
	var errs []error
	for _, q := range f.queues {
		errs = append(errs, q.Close())
	}
	for _, w := range f.wires {
		w.CloseIdleConnections()
	}
	return errors.Join(errs...)
}
