package skew

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
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
// with Age are ignored, since a cache holds them. A server that has many names is many
// servers here, so do not listen to a client that calls addresses which users give, and let
// other sources vote beside this one. Make one with [NewDateSource]; it is safe for
// concurrent use.
type DateSource struct {
	name  string
	local *Local
	next  atomic.Int64 // local time before which no Date is looked at

	mu        sync.Mutex
	witnesses []witness
	last      stand // when one was heard
	drift     drift // of the local clock: the largest that a clock was given
}

// NewDateSource makes a source that has heard nothing yet.
func NewDateSource(name string) *DateSource {
	return newDateSource(name, nil)
}

func newDateSource(name string, system System) *DateSource {
	local := NewLocal(system)
	return &DateSource{name: name, local: local, last: local.stand(), drift: perMillion(DefaultMaxDrift)}
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
		d.hear(hostPort(req.URL), sent, d.elapsed(), resp.Header)
	}
	return resp, err
}

// hostPort is one name for a server that can be written in several ways.
func hostPort(u *url.URL) string {
	host, port := strings.TrimSuffix(strings.ToLower(u.Hostname()), "."), u.Port()
	switch {
	case port != "":
	case strings.EqualFold(u.Scheme, "https"):
		port = "443"
	default:
		port = "80"
	}
	return net.JoinHostPort(host, port)
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

// strays is told by clocks that listen how fast local time may drift.
func (d *DateSource) strays(by drift) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if by <= d.drift {
		return
	}
	for i := range d.witnesses { // what was heard so far had grown too slowly
		w := &d.witnesses[i]
		w.span = w.span.grow((by - d.drift).in(d.elapsed()))
	}
	d.drift = by
}

// wakeUp forgets what was heard before the machine slept, because local time stood still.
func (d *DateSource) wakeUp() (slept bool) {
	last := d.last
	d.last = d.local.stand()
	if slept = d.last.slept(last); slept {
		d.witnesses = nil
	}
	return slept
}

func (d *DateSource) hear(host string, sent, received time.Duration, h http.Header) {
	d.next.Store(int64(received + dateGap))
	s, ok := dateOffset(d.local.at(sent), d.local.at(received), h)
	if !ok {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.wakeUp() {
		return // perhaps while this response was on its way
	}
	oldest := 0
	for i := range d.witnesses {
		w := &d.witnesses[i]
		if w.host == host {
			w.hear(s, sent, d.drift)
			return
		}
		if w.at < d.witnesses[oldest].at {
			oldest = i
		}
	}
	w := witness{host: host, span: s, at: sent}
	if len(d.witnesses) < maxWitnesses {
		d.witnesses = append(d.witnesses, w)
	} else {
		d.witnesses[oldest] = w
	}
}

// Measure tells what was heard so far.
func (d *DateSource) Measure(_ context.Context, local *Local) (Sample, error) {
	before := local.Now()
	elapsed := d.elapsed()
	after := local.Now() // the other local time is from somewhere in between
	spans := d.heard(elapsed)
	if len(spans) == 0 {
		return Sample{}, ErrNothingHeard
	}
	agreed, ok := agree(spans, len(spans)/2+1)
	if !ok {
		return Sample{}, fmt.Errorf("%w: Dates of %d servers", ErrDisagree, len(spans))
	}
	now := d.local.at(elapsed)
	return Sample{Low: agreed.low + now.Sub(after), High: agreed.high + now.Sub(before)}, nil
}

func (d *DateSource) heard(elapsed time.Duration) []span {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wakeUp()
	spans := make([]span, len(d.witnesses))
	for i, w := range d.witnesses {
		spans[i] = w.span.grow(d.drift.in(elapsed - w.at))
	}
	return spans
}
