package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// callDeadline is how long a call may take, all its attempts and waits included.
const callDeadline = 30 * time.Second

// outcome is how a call ended.
type outcome struct {
	order    string
	finished bool // false when the run ended first
	latency  time.Duration
	err      error // nil when it was acknowledged with 201 and its receipt
}

// fleet is a number of clients that share the calls.
type fleet struct {
	config   config
	url      string
	base     *http.Transport
	progress progress
	begun    func(call int) // told before a call is made; the first is 0
	queue    *slot.Queue    // by which all clients take turns when they try again
	measured []transport.Option

	next     atomic.Int64
	attempts atomic.Int64
}

func newFleet(c config, url string, p progress, m *metrics, begun func(int)) *fleet {
	return &fleet{
		config: c, url: url, progress: p, begun: begun, measured: m.ofFleet(), queue: slot.NewQueue(m.ofQueue()...),
		base: &http.Transport{MaxIdleConnsPerHost: c.clients},
	}
}

// run makes the calls and returns how each ended. When ctx ends first, the rest is
// not finished.
func (f *fleet) run(ctx context.Context) []outcome {
	outcomes := make([]outcome, f.config.calls)
	var clients sync.WaitGroup
	for range f.config.clients {
		clients.Go(func() { f.work(ctx, outcomes) })
	}
	clients.Wait()
	_ = f.queue.Close() // its store is in memory, and has nothing to wait for
	f.base.CloseIdleConnections()
	return outcomes
}

// work is one client. It takes the next call as long as there is one.
func (f *fleet) work(ctx context.Context, outcomes []outcome) {
	client := f.client()
	for ctx.Err() == nil {
		call := int(f.next.Add(1)) - 1
		if call >= len(outcomes) {
			return
		}
		f.begun(call)
		o := outcome{order: fmt.Sprintf("order-%06d", call+1)}
		begin := time.Now()
		o.err = f.call(ctx, client, o.order)
		o.latency = time.Since(begin)
		o.finished = o.err == nil || ctx.Err() == nil
		outcomes[call] = o
		f.progress.done()
	}
}

// client is an ordinary http.Client: the transport is all that it takes.
func (f *fleet) client() *http.Client {
	return &http.Client{Transport: transport.New(f.base, slices.Concat(f.measured, []transport.Option{
		transport.WithMaxAttempts(0), // as many as fit before the deadline
		transport.WithSlots(f.queue),
		transport.WithObserver(transport.Observer{Attempt: f.attempt}),
	})...)}
}

func (f *fleet) attempt(context.Context, transport.Attempt) {
	f.attempts.Add(1)
	f.progress.attempt()
}

// call places one order. It knows nothing of retries.
func (f *fleet) call(ctx context.Context, client *http.Client, order string) error {
	ctx, cancel := context.WithTimeout(ctx, callDeadline)
	defer cancel()
	body, err := json.Marshal(request{order})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.url+"/orders", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return acknowledged(resp, order)
}

// acknowledged reports an answer that is no receipt for the order.
func acknowledged(resp *http.Response, order string) error {
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusCreated {
		return fmt.Errorf("%s: %s", resp.Status, bytes.TrimSpace(body))
	}
	var r receipt
	if err := json.Unmarshal(body, &r); err != nil {
		return fmt.Errorf("receipt %q: %w", body, err)
	}
	if r.Order != order {
		return fmt.Errorf("%s got the receipt of %s", order, r.Order)
	}
	return nil
}
