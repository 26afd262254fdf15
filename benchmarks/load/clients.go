package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/goaroundhq/goaround/idem"
)

// body is what is ordered.
const body = `{"item":"book","quantity":1,"customer":"c-1042","address":"as long as addresses are"}`

// Latencies are kept in microseconds, from one to a minute, to three digits.
func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, 60_000_000, 3) }

// clients are all those who call the server.
type clients struct {
	url  string
	ttl  time.Duration // of records
	http *http.Client
	done atomic.Int64

	mu      sync.Mutex
	latency *hdrhistogram.Histogram
	errs    int
	err     error // the first
}

func newClients(url string, o options) *clients {
	n := o.clients
	return &clients{
		url: url, ttl: o.ttl, latency: newHistogram(),
		http: &http.Client{Transport: &http.Transport{MaxIdleConns: n, MaxIdleConnsPerHost: n, DisableCompression: true}},
	}
}

// work is n clients at work, until ctx ends.
func (c *clients) work(ctx context.Context, n int) {
	var all sync.WaitGroup
	for range n {
		all.Go(func() { c.workOne(ctx) })
	}
	all.Wait()
}

func (c *clients) workOne(ctx context.Context) {
	latency := newHistogram()
	var key string
	var made time.Time
	for i := 0; ctx.Err() == nil; i++ {
		begun := time.Now()
		repeats := i%4 == 3
		if !repeats {
			key, made = idem.NewKey(), begun
		}
		replayed, err := c.call(ctx, key)
		took := time.Since(begun)
		if ctx.Err() != nil {
			break // cut off, and no fault of anybody
		}
		// On a machine that stood still the record may be gone.
		if err == nil && replayed != repeats && (replayed || time.Since(made) < c.ttl) {
			err = fmt.Errorf("replayed: %v, repeated: %v", replayed, repeats)
		}
		if err == nil {
			err = latency.RecordValue(max(took.Microseconds(), 1))
		}
		if err != nil && !c.fault(err) {
			break
		}
		c.done.Add(1)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.latency.Merge(latency)
}

// manyFaults are enough to give up.
const manyFaults = 1000

// fault notes that a call went wrong. It reports whether to go on.
func (c *clients) fault(err error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.errs++
	c.err = cmp.Or(c.err, err)
	return c.errs < manyFaults
}

// call sends an order. It is an error when the answer is not what an order gets.
func (c *clients) call(ctx context.Context, key string) (replayed bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, strings.NewReader(body))
	if err != nil {
		return false, err
	}
	req.Header["Content-Type"] = []string{"application/json"}
	req.Header[idem.Header] = []string{key}
	resp, err := c.http.Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return false, err
	}
	if resp.StatusCode != http.StatusCreated || string(got) != answer {
		return false, fmt.Errorf("%s %q", resp.Status, got)
	}
	return resp.Header.Get(idem.ReplayedHeader) == "true", nil
}
