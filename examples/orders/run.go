package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// run plays the whole scene once: service, faults, fleet, and then the ledger.
func run(ctx context.Context, c config, p progress) (_ report, err error) {
	l, err := openLedger(c.ledger)
	if err != nil {
		return report{}, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	m, err := startMetrics(ctx, c.metrics, p.say)
	if err != nil {
		return report{}, err
	}
	defer func() { err = errors.Join(err, m.stop()) }()
	o := &outage{length: c.outage, say: p.say}
	s, err := startService(ctx, c, l, o, m)
	if err != nil {
		return report{}, err
	}
	p.say(fmt.Sprintf("%d clients send %d orders to %s (seed %d)", c.clients, c.calls, s.url, c.seed))
	f := newFleet(c, s.url, p, m, func(call int) {
		if call == c.calls/3 {
			o.begin()
		}
	})
	begin := time.Now()
	outcomes := f.run(ctx)
	elapsed := time.Since(begin)
	o.cancel()
	p.end()
	// Only when the last handler has returned is the ledger complete.
	if err := s.stop(); err != nil {
		return report{}, fmt.Errorf("the service did not stop: %w", err)
	}
	t, err := l.readBack()
	if err != nil {
		return report{}, err
	}
	r := report{Clients: c.clients, Seed: c.seed, Naive: c.naive, Ledger: c.ledger, Interrupted: ctx.Err() != nil}
	r.addCalls(outcomes, t)
	r.addService(s)
	r.Attempts = f.attempts.Load()
	r.Seconds = round(elapsed.Seconds())
	return r, nil
}
