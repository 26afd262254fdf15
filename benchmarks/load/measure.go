package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
)

// patience is how long nothing may end, when nobody calls any more, before it is left.
const patience = time.Second

// measure makes a run.
func measure(ctx context.Context, o options, progress io.Writer) (_ *result, err error) {
	task := serverTask{TTL: o.ttl, Leak: o.leak, Fill: fill{
		// Of this nothing is left when the warm-up ends, which is twice as long.
		For: time.Duration(warmup / 2 * float64(o.lasts)),
		TTL: max(o.ttl, min(2*time.Second, o.lasts/20)),
	}}
	if o.store == "redis" {
		store, err := redistest.Open()
		if err != nil {
			return nil, err
		}
		defer func() { _ = store.Close() }()
		task.Redis = store.Addr()
	}
	server, err := startServer(task)
	if err != nil {
		return nil, err
	}
	defer server.Kill()
	c := newClients(server.url, o)
	r := newResult(o)
	if r.Before, err = atRest(ctx, server, c); err != nil {
		return nil, err
	}
	if err := load(ctx, o, server, c, r, progress); err != nil {
		return nil, err
	}
	if r.After, err = settle(ctx, server, c, r.Before.Goroutines); err != nil {
		return nil, err
	}
	r.conclude(c)
	return r, nil
}

// atRest is the server when it has served one request, so that what it makes once is there,
// and nobody calls.
func atRest(ctx context.Context, server *process, c *clients) (sample, error) {
	if _, err := c.call(ctx, "the first"); err != nil {
		return sample{}, err
	}
	return settle(ctx, server, c, 0)
}

// settle waits until the connections of the clients have ended, and all goroutines but so
// many, for as long as they are getting fewer.
func settle(ctx context.Context, server *process, c *clients, goroutines uint64) (s sample, err error) {
	c.http.CloseIdleConnections()
	least, end := uint64(math.MaxUint64), time.Now().Add(patience)
	for {
		if s, err = server.sample(); err != nil {
			return s, err
		}
		if s.Goroutines < least {
			least, end = s.Goroutines, time.Now().Add(patience)
		}
		if s.Connections == 0 && s.Goroutines <= goroutines || time.Now().After(end) {
			return s, nil
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return s, err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// load lets the clients work, and takes the samples.
func load(ctx context.Context, o options, server *process, c *clients, r *result, progress io.Writer) error {
	working, stop := context.WithTimeout(ctx, o.lasts)
	defer stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.work(working, o.clients)
	}()
	begun := time.Now()
	err := watch(working, o, begun, server, c, r, progress)
	if err != nil {
		stop()
	}
	<-ended
	r.Seconds = time.Since(begun).Seconds()
	return errors.Join(err, context.Cause(ctx))
}

// watch takes samples until the load is over.
func watch(working context.Context, o options, begun time.Time, server *process, c *clients, r *result, progress io.Writer) error {
	tick := time.NewTicker(o.every)
	defer tick.Stop()
	for {
		select {
		case <-working.Done():
			return nil
		case <-tick.C:
		}
		s, err := server.sample()
		if err != nil {
			return err
		}
		if working.Err() != nil { // it is of the end, or after it
			return nil
		}
		s.Seconds, s.Done = time.Since(begun).Seconds(), c.done.Load()
		r.Samples = append(r.Samples, s)
		if len(r.Samples)%5 == 0 {
			fmt.Fprintf(progress, "load: %5.1f s %9d requests %7.1f MiB live %6d goroutines\n", s.Seconds, s.Done, mebi(s.Live), s.Goroutines)
		}
	}
}
