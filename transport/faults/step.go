package faults

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync/atomic"
)

// Script gives requests the faults in turn, the first request the first one, and leaves
// those alone that come when the script is over. It panics when a fault is nil.
func Script(faults ...Fault) func(http.RoundTripper) http.RoundTripper {
	for _, f := range faults {
		notNil("Script", f)
	}
	faults = slices.Clone(faults)
	return newStep(func(n uint64) (Fault, *rand.Rand) {
		if n >= uint64(len(faults)) {
			return nil, nil
		}
		return faults[n], numbers(0, n)
	})
}

// Chance is a fault and the share of requests that meet it.
type Chance struct {
	share float64
	fault Fault
}

// Share gives a fault to a share of the requests; 0.1 is one of ten. It panics when share
// is not between 0 and 1, or f is nil.
func Share(share float64, f Fault) Chance {
	if !(0 <= share && share <= 1) {
		panic(fmt.Sprintf("faults: Share(%v): must be between 0 and 1", share))
	}
	notNil("Share", f)
	return Chance{share, f}
}

// Random gives each request one of the faults or none. Equal seeds give equal fates. It
// panics when the shares add up to more than 1.
func Random(seed uint64, chances ...Chance) func(http.RoundTripper) http.RoundTripper {
	const rounding = 1e-9 // of a sum such as 10 * 0.1
	chances = slices.Clone(chances)
	var sum float64
	for _, c := range chances {
		notNil("Random", c.fault)
		sum += c.share
	}
	if sum > 1+rounding {
		panic(fmt.Sprintf("faults: Random: shares add up to %v, more than 1", sum))
	}
	return newStep(func(n uint64) (Fault, *rand.Rand) {
		r := numbers(seed, n)
		at := r.Float64()
		for _, c := range chances {
			if at -= c.share; at < 0 {
				return c.fault, r
			}
		}
		return nil, nil
	})
}

// Only lets a step see the requests for which match is true. The others pass it by, and are
// not counted by it. It panics when one of them is nil.
func Only(match func(*http.Request) bool, step func(http.RoundTripper) http.RoundTripper) func(http.RoundTripper) http.RoundTripper {
	if match == nil || step == nil {
		panic("faults: Only(nil)")
	}
	return func(next http.RoundTripper) http.RoundTripper {
		broken := step(next)
		return &faulty{next: next, send: func(req *http.Request) (*http.Response, error) {
			if match(req) {
				return broken.RoundTrip(req)
			}
			return next.RoundTrip(req)
		}}
	}
}

// newStep makes a step of a choice that is made by the number of a request. Every
// RoundTripper that the step makes counts from 0.
func newStep(choose func(n uint64) (Fault, *rand.Rand)) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		var count atomic.Uint64
		return &faulty{next: next, send: func(req *http.Request) (*http.Response, error) {
			fault, r := choose(count.Add(1) - 1)
			if fault == nil {
				return next.RoundTrip(req)
			}
			return fault(req, next, r)
		}}
	}
}

// numbers are the random numbers of request n: its own, so that what it meets does not
// depend on how many of them the requests before it used.
func numbers(seed, n uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, n))
}

func notNil(name string, f Fault) {
	if f == nil {
		panic("faults: " + name + "(nil)")
	}
}

// faulty is a step's RoundTripper.
type faulty struct {
	next http.RoundTripper
	send func(*http.Request) (*http.Response, error)
}

func (f *faulty) RoundTrip(req *http.Request) (*http.Response, error) { return f.send(req) }

// CloseIdleConnections reaches the network, which is below.
func (f *faulty) CloseIdleConnections() {
	if c, ok := f.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
