package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/aclements/go-moremath/stats"
)

// costCase is one call, over and over, on a stub or a server.
type costCase struct {
	name    string
	base    func() http.RoundTripper
	request func() (*http.Request, error)
	once    bool     // the request can be sent again without being made anew
	plain   bool     // no call is retried: ours is the default chain
	without []string // peers that do not get through it, such as a bare stub that fails
}

const url = "http://api.example.com/orders"

const (
	caseGET      = "GET"
	casePOST     = "POST with a key"
	caseRetry    = "GET, one retry"
	caseLarge    = "POST 64 KiB"
	caseLargeTwo = "POST 64 KiB, one retry"
	caseUpload   = "PUT 64 MiB"
	caseNetGET   = "GET over loopback"
	caseNetPUT   = "PUT 64 MiB over loopback"
)

// costCases are those on a stub: what is measured is the peer alone.
var costCases = []costCase{
	{name: caseGET, base: steady, once: true, plain: true, request: func() (*http.Request, error) {
		return http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	}},
	// Ours makes the key and the others make none: what is compared is a POST that may be
	// sent again.
	{name: casePOST, base: steady, plain: true, request: func() (*http.Request, error) {
		return post(strings.NewReader("{}"))
	}},
	{name: caseRetry, base: failing, once: true, without: []string{bare}, request: func() (*http.Request, error) {
		return http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	}},
	{name: caseLarge, base: steady, plain: true, request: func() (*http.Request, error) {
		return post(bytes.NewReader(large))
	}},
	{name: caseLargeTwo, base: failing, without: []string{bare}, request: func() (*http.Request, error) {
		return post(bytes.NewReader(large))
	}},
}

// uploadCase is a body that is never in memory. aws/retry cannot send it: it is no
// io.Seeker.
func uploadCase(bytes int64) costCase {
	return costCase{name: caseUpload, base: steady, plain: true, without: []string{awsRetry}, request: func() (*http.Request, error) {
		return put(url, bytes)
	}}
}

func put(url string, bytes int64) (*http.Request, error) {
	open := func() (io.ReadCloser, error) { return io.NopCloser(io.LimitReader(zeros{}, bytes)), nil }
	body, err := open()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPut, url, body)
	if err != nil {
		return nil, err
	}
	req.GetBody, req.ContentLength = open, bytes
	return req, nil
}

var large = bytes.Repeat([]byte("goaround"), 8<<10)

func steady() http.RoundTripper  { return roundTripperFunc(stub) }
func failing() http.RoundTripper { return flaky() }

// post makes a POST as http.NewRequest does, and tells aws/retry what is behind its body.
func post(body io.ReadSeeker) (*http.Request, error) {
	ctx := context.WithValue(context.Background(), seekerKey{}, body)
	return http.NewRequestWithContext(ctx, http.MethodPost, url, body)
}

// cost is what one call of a peer takes, in all.
type cost struct {
	Case     string  `json:"case"`
	Peer     string  `json:"peer"`
	LeastNs  float64 `json:"least_ns"`
	MedianNs float64 `json:"median_ns"`
	Allocs   float64 `json:"allocs"`
	Bytes    float64 `json:"bytes"`
}

// entrant is one peer with what was measured of it.
type entrant struct {
	peer string
	rt   http.RoundTripper
	n    int // calls of a round
	ns   []float64
	allocs,
	bytes []float64
}

// measureCost lets all peers take turns, so that what else the machine does hits them alike.
func measureCost(ctx context.Context, c costCase, s size) ([]cost, error) {
	all := c.entrants()
	for _, e := range all {
		if err := c.calibrate(e, s.roundTime); err != nil {
			return nil, fmt.Errorf("%s, %s: %w", c.name, e.peer, err)
		}
	}
	for range s.rounds {
		for _, e := range all {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if err := c.round(e); err != nil {
				return nil, fmt.Errorf("%s, %s: %w", c.name, e.peer, err)
			}
		}
	}
	var costs []cost
	for _, e := range all {
		costs = append(costs, cost{
			Case: c.name, Peer: e.peer,
			LeastNs: quantile(e.ns, 0), MedianNs: quantile(e.ns, 0.5),
			Allocs: quantile(e.allocs, 0.5), Bytes: quantile(e.bytes, 0.5),
		})
	}
	return costs, nil
}

func quantile(xs []float64, q float64) float64 { return stats.Sample{Xs: xs}.Quantile(q) }

func (c costCase) entrants() []*entrant {
	var all []*entrant
	for _, p := range peers {
		wrap := p.wrap
		if c.plain {
			wrap = p.wrapDefault
		}
		if !slices.Contains(c.without, p.name) {
			all = append(all, &entrant{peer: p.name, rt: wrap(c.base())})
		}
	}
	return all
}

// calibrate finds how many calls fill a round.
func (c costCase) calibrate(e *entrant, roundTime time.Duration) error {
	for e.n = 1; ; e.n *= 2 {
		trial := *e
		if err := c.round(&trial); err != nil {
			return err
		}
		if time.Duration(trial.ns[0]*float64(e.n)) >= roundTime {
			return nil
		}
	}
}

// round makes the calls of one round.
func (c costCase) round(e *entrant) error {
	req, err := c.request()
	if err != nil {
		return err
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	for range e.n {
		if !c.once {
			if req, err = c.request(); err != nil {
				return err
			}
		}
		resp, err := e.rt.RoundTrip(req)
		if err != nil {
			return err
		}
		if resp.Body != http.NoBody { // of the stub: reading it would be measured, too
			discard(resp)
		}
		if resp.StatusCode != http.StatusOK {
			return errors.New(http.StatusText(resp.StatusCode))
		}
	}
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	e.ns = append(e.ns, float64(took.Nanoseconds())/float64(e.n))
	e.allocs = append(e.allocs, float64(after.Mallocs-before.Mallocs)/float64(e.n))
	e.bytes = append(e.bytes, float64(after.TotalAlloc-before.TotalAlloc)/float64(e.n))
	return nil
}
