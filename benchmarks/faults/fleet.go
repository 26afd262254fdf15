package main

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/goaroundhq/goaround/benchmarks/child"
	"github.com/goaroundhq/goaround/benchmarks/faults/call"
	"github.com/goaroundhq/goaround/benchmarks/faults/serve"
	"github.com/goaroundhq/goaround/benchmarks/faults/site"
)

const (
	lease        = 1500 * time.Millisecond
	storeTimeout = 500 * time.Millisecond
	attemptTime  = time.Second
)

// fleet is the processes that are attacked.
type fleet struct {
	config  config
	start   time.Time
	site    *site.Site
	ledger  string // its address
	book    *book
	servers []*child.Keeper
	clients []*child.Keeper

	mu     sync.Mutex
	counts serve.Counts // of all servers
}

func newFleet(c config, s *site.Site, ledger string, b *book) *fleet {
	f := &fleet{config: c, start: time.Now(), site: s, ledger: ledger, book: b, counts: serve.Counts{}}
	for range c.servers {
		f.servers = append(f.servers, child.NewKeeper(serve.Role))
	}
	for range c.clients {
		f.clients = append(f.clients, child.NewKeeper(call.Role))
	}
	return f
}

// serve keeps the servers running until ctx ends. It calls up once, when all have begun.
func (f *fleet) serve(ctx context.Context, up func()) error {
	var begun sync.WaitGroup
	begun.Add(len(f.servers))
	g, ctx := errgroup.WithContext(ctx)
	for i, keeper := range f.servers {
		first := sync.OnceFunc(begun.Done)
		g.Go(func() error {
			defer first() // nobody waits for one that fails
			return keeper.Run(ctx, func() any { return f.serverTask(i) }, func(out *json.Decoder) error {
				return f.hearServer(i, out, first)
			})
		})
	}
	begun.Wait()
	if ctx.Err() == nil {
		up()
	}
	return g.Wait()
}

func (f *fleet) serverTask(i int) serve.Task {
	return serve.Task{
		Store:        f.site.Store(i),
		Ledger:       f.ledger,
		Guarantee:    f.config.guarantee,
		Lease:        lease,
		StoreTimeout: storeTimeout,
		Replicas:     f.config.replicas,
		Orders:       f.config.clients * f.config.callers,
	}
}

// hearServer hears where a server listens, and what it counts.
func (f *fleet) hearServer(i int, out *json.Decoder, up func()) error {
	for {
		var r serve.Report
		if err := out.Decode(&r); err != nil {
			return err
		}
		if r.Address != "" {
			if err := f.site.ServerAt(i, r.Address); err != nil {
				return err
			}
			up()
		}
		f.count(r.Counts)
	}
}

func (f *fleet) count(more serve.Counts) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for what, n := range more {
		f.counts[what] += n
	}
}

// place has all clients place orders, until each has placed those that it is to, by
// what orders says when its process starts.
func (f *fleet) place(ctx context.Context, orders func(client int) (again []int, next int)) error {
	g, ctx := errgroup.WithContext(ctx)
	for i, keeper := range f.clients {
		g.Go(func() error {
			return keeper.Run(ctx, func() any { return f.clientTask(i, orders) }, func(out *json.Decoder) error {
				return f.hearClient(i, out)
			})
		})
	}
	return g.Wait()
}

func (f *fleet) clientTask(i int, orders func(client int) (again []int, next int)) call.Task {
	again, next := orders(i)
	return call.Task{
		Seed:     f.config.seed,
		Start:    f.start,
		Again:    again,
		Next:     next,
		Step:     f.config.clients,
		Calls:    f.config.calls,
		Callers:  f.config.callers,
		Rate:     f.config.rate / float64(f.config.clients),
		Servers:  f.site.Servers(i),
		Pacer:    f.site.Pacer(i),
		Deadline: f.config.deadline,
		Attempt:  attemptTime,
	}
}

func (f *fleet) hearClient(i int, out *json.Decoder) error {
	for {
		var r call.Report
		if err := out.Decode(&r); err != nil {
			return err
		}
		f.book.hear(i, r)
	}
}
