package otelprom_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"

	"github.com/goaroundhq/goaround/idem"
	goaroundotel "github.com/goaroundhq/goaround/otel"
	"github.com/goaroundhq/goaround/otel/otelprom"
	"github.com/goaroundhq/goaround/server"
	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// limit is more sets of attributes than goaround has for an instrument.
const limit = 200

func newMetrics(t *testing.T) *otelprom.Metrics {
	t.Helper()
	m, err := otelprom.New(sdk.WithCardinalityLimit(limit))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return m
}

// badDay is a program in which everything happens that can be measured.
type badDay struct {
	meters  *otelprom.Metrics
	clients []http.RoundTripper
	healthy http.RoundTripper
	budget  *transport.Budget
	servers []http.Handler
	orders  http.Handler
	slow    http.Handler // whom others wait for
	queue   *slot.Queue
	store   *books
	clocks  []*skew.Clock
	other   metric.Int64Counter // of somebody who knows no bounds
	round   atomic.Int64
}

func newBadDay(t *testing.T, m *otelprom.Metrics) *badDay {
	t.Helper()
	b := &badDay{meters: m, store: &books{Memory: slot.NewMemory()}}
	b.addClients()
	t.Cleanup(goaroundotel.Budget(b.budget, b.options()...))
	b.addServers()
	b.queue = slot.NewQueue(slot.WithStore(b.store), goaroundotel.Slots(b.options()...))
	t.Cleanup(func() { _ = b.queue.Close() })
	for _, offsets := range [][]time.Duration{{-3 * time.Second, -3 * time.Second, time.Hour}, {0, time.Hour}} {
		b.clocks = append(b.clocks, skew.New(sources(offsets...), goaroundotel.Clock(b.options()...)))
	}
	var err error
	if b.other, err = m.Meter("other").Int64Counter("other.requests"); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *badDay) options() []goaroundotel.Option {
	return []goaroundotel.Option{goaroundotel.WithMeterProvider(b.meters), goaroundotel.WithService("shop")}
}

func (b *badDay) addClients() {
	client := func(base http.RoundTripper, opts ...transport.Option) http.RoundTripper {
		return transport.New(base, append([]transport.Option{
			goaroundotel.Transport(b.options()...), transport.WithMaxAttempts(2), transport.WithBudget(nil),
			transport.WithBackoff(slot.BackoffFunc(func(int) time.Duration { return time.Millisecond })),
		}, opts...)...)
	}
	b.budget = transport.NewBudget()
	b.healthy = client(answers{200})
	b.clients = []http.RoundTripper{
		client(answers{500}),
		client(answers{503}, transport.WithBudget(transport.NewBudget(transport.WithBudgetFloor(0), transport.WithBudgetShare(0)))),
		client(answers{503}, transport.WithSlots(noSlots{})),
		client(slow{}, transport.WithHedging(transport.HedgeAfter(time.Millisecond))),
		client(downloads{}, transport.WithResume()),
		client(answers{503}, transport.WithBudget(b.budget)),
	}
}

func (b *badDay) addServers() {
	once := func(store idem.Store, h http.HandlerFunc, opts ...server.Option) http.Handler {
		return server.New(store, append(opts, server.WithSharedScope(), goaroundotel.Server(b.options()...))...)(h)
	}
	ok := func(http.ResponseWriter, *http.Request) {}
	b.orders = once(idem.NewMemory(), ok)
	b.slow = once(idem.NewMemory(), func(http.ResponseWriter, *http.Request) { time.Sleep(10 * time.Millisecond) },
		server.WithGuard(idem.WithWait(time.Second)))
	b.servers = []http.Handler{
		b.orders,
		once(idem.NewMemory(), func(http.ResponseWriter, *http.Request) { panic("bug") }),
		once(records{Memory: idem.NewMemory(), complete: idem.ErrFenced}, ok),
		once(records{Memory: idem.NewMemory(), claim: errors.New("down")}, ok, server.WithFailOpen()),
		once(idem.NewMemory(), func(http.ResponseWriter, *http.Request) { time.Sleep(60 * time.Millisecond) },
			server.WithGuard(idem.WithLease(90*time.Millisecond))),
		server.Admission(server.AdmitRate(1, 1), server.WithWaitingRoom(0, 0), goaroundotel.Admission(b.options()...))(http.HandlerFunc(ok)),
	}
}

// live does what f does again and again, until it is told to stop.
func (b *badDay) live(f func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for ctx.Err() == nil {
			b.round.Add(1)
			f(ctx)
			time.Sleep(20 * time.Millisecond)
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// keysGetLost is when clients try again, and servers see keys, but none of them twice.
func (b *badDay) keysGetLost(ctx context.Context) {
	for i := range 20 {
		get(ctx, b.clients[0])
		b.serve(b.orders, keyed(ctx, "/", fmt.Sprintf("%d-%d", b.round.Load(), i)))
	}
}

// everythingFails is when all else happens.
func (b *badDay) everythingFails(ctx context.Context) {
	get(ctx, b.healthy)
	for _, c := range b.clients {
		get(ctx, c)
	}
	for _, h := range b.servers {
		for range 2 {
			b.serve(h, keyed(ctx, "/", fmt.Sprint("again-", b.round.Load())))
		}
	}
	for _, c := range b.clocks {
		_, _ = c.Sync(ctx) // half of them fail
	}
	for i := range limit {
		b.other.Add(ctx, 1, metric.WithAttributes(attribute.Int("user", i)))
	}
	b.waitForAnother(ctx)
	b.takeTurns(ctx)
}

func (*badDay) serve(h http.Handler, req *http.Request) {
	defer func() { _ = recover() }()
	h.ServeHTTP(httptest.NewRecorder(), req)
}

// waitForAnother has two come at once with one key.
func (b *badDay) waitForAnother(ctx context.Context) {
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { b.serve(b.slow, keyed(ctx, "/", fmt.Sprint("both-", b.round.Load()))) })
	}
	both.Wait()
}

// takeTurns has a target fail, and now and then the store of slots.
func (b *badDay) takeTurns(ctx context.Context) {
	b.store.down.Store(b.round.Load()%10 > 7)
	target := fmt.Sprint("api", b.round.Load()/20)
	failed := slot.Feedback{Attempt: 1, Result: slot.Failed}
	ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	for range 3 {
		b.queue.Report(target, failed)
	}
	r, err := b.queue.Reserve(ctx, target, failed)
	if err != nil {
		return
	}
	if a, ok := r.(slot.Awaiter); ok && a.Wait(ctx) == nil {
		b.queue.Report(target, slot.Feedback{Attempt: 2, Result: slot.Success})
	}
}

// get makes a call. That it fails is what it is for.
func get(ctx context.Context, rt http.RoundTripper) {
	req, err := http.NewRequestWithContext(ctx, "GET", "http://api.test/", http.NoBody)
	if err != nil {
		panic(err)
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
}

func keyed(ctx context.Context, target, key string) *http.Request {
	req := httptest.NewRequestWithContext(ctx, "POST", target, http.NoBody)
	req.Header.Set(idem.Header, key)
	return req
}
