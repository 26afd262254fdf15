package skew

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxWitnesses is how many servers a DateSource listens to: the last ones.
	maxWitnesses = 16
	// dateGap is the time between two Dates that are looked at. More of them would tell
	// little more.
	dateGap = 20 * time.Millisecond
)

// DateSource learns the time from the Date of HTTP responses that pass by anyway, through
// [DateSource.Step]. One Date bounds the time to 2 s and the round trip, 1 s because it
// names whole seconds and 1 s because servers may write it late; Dates of one server that
// come at different moments of its seconds narrow that down to little more than 1 s.
// Dates of different servers are held against each other, and a majority of the servers
// (of the last 16 by host and port) makes the source's answer; until a Date was heard it
// answers [ErrNothingHeard].
//
// That is enough to know that a clock is minutes wrong, not for anything finer. Responses
// with Age are ignored, since a cache holds them. Make one with [NewDateSource]; it is safe
// for concurrent use.
type DateSource struct {
	name  string
	local *Local
	next  atomic.Int64 // local time before which no Date is looked at

	mu        sync.Mutex
	witnesses []witness
	last      stand // when one was heard
}

// NewDateSource makes a source that has heard nothing yet.
func NewDateSource(name string) *DateSource {
	return newDateSource(name, nil)
}

func newDateSource(name string, system System) *DateSource {
	local := NewLocal(system)
	return &DateSource{name: name, local: local, last: local.stand()}
}

// Name is the name that NewDateSource was given.
func (d *DateSource) Name() string { return d.name }

// MinInterval is 0: listening costs nobody anything.
func (d *DateSource) MinInterval() time.Duration { return 0 }

// Step wraps a RoundTripper in one that listens to its responses. It has the type of a
// transport.Step; put it next to the network, because the time that a call waits or is
// tried again would widen the bound. When a response was looked at less than 20 ms ago,
// the price of the next one is a look at the monotonic clock.
func (d *DateSource) Step(next http.RoundTripper) http.RoundTripper {
	return &dateStepper{source: d, next: next}
}

type dateStepper struct {
	source *DateSource
	next   http.RoundTripper
}

func (s *dateStepper) RoundTrip(req *http.Request) (*http.Response, error) {
	d := s.source
	sent := d.elapsed()
	if int64(sent) < d.next.Load() {
		return s.next.RoundTrip(req)
	}
	resp, err := s.next.RoundTrip(req)
	if resp != nil && req.URL != nil {
		d.hear(req.URL.Host, sent, d.elapsed(), resp.Header)
	}
	return resp, err
}

// CloseIdleConnections passes http.Client.CloseIdleConnections on.
func (s *dateStepper) CloseIdleConnections() {
	if c, ok := s.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// elapsed is the local time since the anchor. It does without the operating system's clock,
// which takes as long again to read.
func (d *DateSource) elapsed() time.Duration {
	if d.local.system == nil {
		return time.Since(d.local.anchor)
	}
	elapsed, _ := d.local.look()
	return elapsed
}

// wakeUp forgets what was heard before the machine slept, because local time stood still.
func (d *DateSource) wakeUp() {
	last := d.last
	if d.last = d.local.stand(); d.last.slept(last) {
		d.witnesses = nil
	}
}

func (d *DateSource) hear(host string, sent, received time.Duration, h http.Header) {
	d.next.Store(int64(received + dateGap))
	s, ok := dateOffset(d.local.at(sent), d.local.at(received), h)
	if !ok {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wakeUp()
	oldest := 0
	for i := range d.witnesses {
		w := &d.witnesses[i]
		if w.host == host {
			w.hear(s, received)
			return
		}
		if w.at < d.witnesses[oldest].at {
			oldest = i
		}
	}
	w := witness{host: host, span: s, at: received}
	if len(d.witnesses) < maxWitnesses {
		d.witnesses = append(d.witnesses, w)
	} else {
		d.witnesses[oldest] = w
	}
}

// Measure tells what was heard so far.
func (d *DateSource) Measure(_ context.Context, local *Local) (Sample, error) {
	elapsed := d.elapsed()
	shift := d.local.at(elapsed).Sub(local.Now())
	spans := d.heard(elapsed)
	if len(spans) == 0 {
		return Sample{}, ErrNothingHeard
	}
	agreed, ok := agree(spans, len(spans)/2+1)
	if !ok {
		return Sample{}, fmt.Errorf("%w: Dates of %d servers", ErrDisagree, len(spans))
	}
	return Sample{Low: agreed.low + shift, High: agreed.high + shift}, nil
}

func (d *DateSource) heard(elapsed time.Duration) []span {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wakeUp()
	spans := make([]span, len(d.witnesses))
	for i, w := range d.witnesses {
		spans[i] = w.span.grow(dateDrift.in(elapsed - w.at))
	}
	return spans
}

// HTTPDate asks an HTTP server for its Date, with a HEAD request in each round and at most
// once a minute, and keeps what it heard like a [DateSource]. It is for networks that let
// nothing but HTTP through. A nil client is http.DefaultClient.
func HTTPDate(client *http.Client, url string) Source {
	if client == nil {
		client = http.DefaultClient
	}
	return &httpDate{DateSource: NewDateSource(url), client: client}
}

type httpDate struct {
	*DateSource
	client *http.Client
}

func (*httpDate) MinInterval() time.Duration { return time.Minute }

func (h *httpDate) Measure(ctx context.Context, local *Local) (Sample, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, h.name, nil)
	if err != nil {
		return Sample{}, err
	}
	sent := h.elapsed()
	resp, err := h.client.Do(req)
	if err != nil {
		return Sample{}, err
	}
	received := h.elapsed()
	_ = resp.Body.Close()
	h.hear(h.name, sent, received, resp.Header)
	return h.DateSource.Measure(ctx, local)
}
