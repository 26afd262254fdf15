package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// loopback is a real server of this process, which counts.
type loopback struct {
	*httptest.Server
	requests, conns atomic.Int64
}

func newLoopback(h http.HandlerFunc) *loopback {
	s := &loopback{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		h(w, r)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.conns.Add(1)
		}
	}
	s.Start()
	return s
}

// answer reads the request and answers with a short text.
func answer(status int) http.HandlerFunc {
	text := strings.Repeat("goaround ", 12)
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

// network is a transport that keeps a connection for each of n callers.
func network(n int) *http.Transport {
	return &http.Transport{MaxIdleConnsPerHost: n, DisableCompression: true}
}

// loopbackCases are calls one after the other to a real server.
func loopbackCases(s *loopback, upload int64) []costCase {
	base := func() http.RoundTripper { return network(1) }
	return []costCase{
		{name: caseNetGET, base: base, plain: true, once: true, request: func() (*http.Request, error) {
			return http.NewRequestWithContext(context.Background(), http.MethodGet, s.URL, nil)
		}},
		// heimdall rewinds its copy of the body while net/http may still read from it, which
		// is a data race.
		{name: caseNetPUT, base: base, plain: true, without: []string{awsRetry, heimdall}, request: func() (*http.Request, error) {
			return put(s.URL, upload)
		}},
	}
}

// crowd is what many callers at once get out of a real server.
type crowd struct {
	Peer        string  `json:"peer"`
	Callers     int     `json:"callers"`
	LeastNs     float64 `json:"least_ns"`  // per call, all callers together
	MedianNs    float64 `json:"median_ns"` // likewise
	Connections int64   `json:"connections"`
}

// gathering is one peer before a server of its own.
type gathering struct {
	peer   string
	server *loopback
	base   *http.Transport
	rt     http.RoundTripper
	ns     []float64
}

func gather(p peer, callers int) *gathering {
	g := &gathering{peer: p.name, server: newLoopback(answer(http.StatusOK)), base: network(callers)}
	g.rt = p.wrapDefault(g.base)
	return g
}

func (g *gathering) end() {
	g.base.CloseIdleConnections()
	g.server.Close()
}

// crowdCalls is how many calls each caller of a crowd makes in a round.
const crowdCalls = 5

// measureCrowds lets callers of each peer make some calls at once, in turn with the others.
func measureCrowds(ctx context.Context, s size) ([]crowd, error) {
	var all []*gathering
	for _, p := range peers {
		g := gather(p, s.callers)
		defer g.end()
		all = append(all, g)
	}
	for round := range min(s.rounds, 8) + 1 {
		for _, g := range all {
			took, err := together(ctx, g.rt, g.server.URL, s.callers, crowdCalls, http.StatusOK)
			if err != nil {
				return nil, fmt.Errorf("%d callers, %s: %w", s.callers, g.peer, err)
			}
			if round > 0 { // the first one opens the connections
				g.ns = append(g.ns, float64(took.Nanoseconds())/float64(s.callers*crowdCalls))
			}
		}
	}
	var crowds []crowd
	for _, g := range all {
		crowds = append(crowds, crowd{g.peer, s.callers, quantile(g.ns, 0), quantile(g.ns, 0.5), g.server.conns.Load()})
	}
	return crowds, nil
}

// together makes calls from many goroutines at once, and wants a status.
func together(ctx context.Context, rt http.RoundTripper, url string, callers, calls, want int) (time.Duration, error) {
	failed := make(chan error, callers)
	var all sync.WaitGroup
	start := time.Now()
	for range callers {
		all.Go(func() {
			for range calls {
				if err := once(ctx, rt, url, want); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	all.Wait()
	took := time.Since(start)
	select {
	case err := <-failed:
		return 0, err
	default:
		return took, nil
	}
}

func once(ctx context.Context, rt http.RoundTripper, url string, want int) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return err
	}
	discard(resp)
	if resp.StatusCode != want {
		return errors.New(resp.Status)
	}
	return nil
}

// outage is what is left of calls to a server that answers them all with 503.
type outage struct {
	Peer        string `json:"peer"`
	Calls       int    `json:"calls"`
	Callers     int    `json:"callers"`
	Requests    int64  `json:"requests"`
	Connections int64  `json:"connections"`
	Goroutines  int    `json:"goroutines_left"`
}

// measureOutage makes calls that all fail, under a context that lives on, as that of a
// service does, and then closes the idle connections.
func measureOutage(ctx context.Context, p peer, callers, calls int) (outage, error) {
	server := newLoopback(answer(http.StatusServiceUnavailable))
	defer server.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	base := network(callers)
	rt := p.wrap(base)
	before := runtime.NumGoroutine()
	if _, err := together(ctx, rt, server.URL, callers, calls/callers, http.StatusServiceUnavailable); err != nil {
		return outage{}, err
	}
	left := settle(before, base)
	return outage{p.name, calls, callers, server.requests.Load(), server.conns.Load(), left}, nil
}

// settle returns how many goroutines there are more than before, once that does not change
// for the better any more.
func settle(before int, base *http.Transport) (left int) {
	for range 100 {
		base.CloseIdleConnections()
		if left = max(0, runtime.NumGoroutine()-before); left == 0 {
			return 0
		}
		time.Sleep(20 * time.Millisecond)
	}
	return left
}
