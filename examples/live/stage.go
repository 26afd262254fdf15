package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/slot"
)

// The fleets, in the order in which the page has them.
const (
	jitter = iota
	slots
)

// rules are how much happens.
type rules struct {
	steadily time.Duration // between callers who come by themselves
	outage   time.Duration // how long one lasts
	herd     int           // callers who come by a press of the button
}

// stage is everything that the page shows: two services that can do the same, each with a
// fleet of its own, and what the fleets know.
type stage struct {
	rules    rules
	books    *books
	clock    *skew.Clock
	fleets   [2]*fleet
	callers  *callers
	services []*http.Server

	ctx     context.Context // of the callers, who are not those who press a button
	end     context.CancelFunc
	running sync.WaitGroup // what else runs
}

// newStage opens the curtain: callers come from now on.
func newStage(ctx context.Context, redis string, rules rules) (*stage, error) {
	books, err := openBooks(ctx, redis)
	if err != nil {
		return nil, err
	}
	dates := skew.NewDateSource("services")
	s := &stage{rules: rules, books: books}
	s.clock = skew.New(skew.WithSources(dates), skew.WithInterval(time.Second))
	s.ctx, s.end = context.WithCancel(ctx)
	for i, store := range []slot.Store{jitter: nil, slots: books.slots} {
		service := newService()
		url, err := s.serve(service)
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		s.fleets[i] = newFleet(service, url, store, dates)
	}
	s.callers = newCallers(s.ctx, s.fleets)
	s.running.Go(func() { s.callers.steady(s.ctx, rules.steadily) })
	s.running.Go(func() { _ = s.clock.Run(s.ctx) }) // what it knows is on the page
	return s, nil
}

// serve gives a service an address.
func (s *stage) serve(service *service) (string, error) {
	listener, err := new(net.ListenConfig).Listen(s.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	web := &http.Server{Handler: service.handler(), ReadHeaderTimeout: time.Minute}
	s.services = append(s.services, web)
	s.running.Go(func() { _ = web.Serve(listener) }) // until it is shut down
	return "http://" + listener.Addr().String(), nil
}

// setCapacity is for both services.
func (s *stage) setCapacity(staff int) {
	for _, f := range s.fleets {
		f.service.setStaff(staff)
	}
}

// startOutage takes both services away, or keeps them away for longer.
func (s *stage) startOutage() {
	for _, f := range s.fleets {
		f.service.leave(s.rules.outage)
	}
}

// endOutage is for both services.
func (s *stage) endOutage() {
	for _, f := range s.fleets {
		f.service.leave(0)
	}
}

// reset sends everybody home who waits, and the services are whole. Redis stays as it is.
func (s *stage) reset() {
	s.callers.sendHome()
	s.setCapacity(fullStaff)
	s.endOutage()
}

// close ends it all.
func (s *stage) close() error {
	s.end()
	if s.callers != nil {
		s.callers.wait()
	}
	var errs []error
	for _, f := range s.fleets {
		if f != nil {
			errs = append(errs, f.close())
		}
	}
	for _, web := range s.services {
		errs = append(errs, shut(web))
	}
	s.running.Wait()
	return errors.Join(append(errs, s.books.close())...)
}

// shut lets a server finish what it has in hand, which takes a second or two, and does not
// wait for whoever never sends the rest of a request.
func shut(web *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), slow)
	defer cancel()
	if web.Shutdown(ctx) == nil {
		return nil
	}
	return web.Close()
}
