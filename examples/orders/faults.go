package main

import (
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// fault is what can happen to a request on its way.
type fault int

const (
	none         fault = iota
	responseLost       // the order ran, and its response never arrived
	cut                // the connection was reset while the order ran
	reset              // the connection was reset before the order ran
	delayed            // the request arrived late
	unreachable        // reset by the outage
	faultKinds
)

// maxDelay bounds how late a request arrives.
const maxDelay = 100 * time.Millisecond

// decision is what happens to one request.
type decision struct {
	fault fault
	delay time.Duration
}

// decide is the fate of the n-th request, the same for the same seed.
func decide(seed, n uint64) decision {
	random := rand.New(rand.NewPCG(seed, n))
	switch percent := random.IntN(100); {
	case percent < 10:
		return decision{fault: responseLost}
	case percent < 12:
		return decision{fault: cut}
	case percent < 17:
		return decision{fault: reset}
	case percent < 27:
		return decision{fault: delayed, delay: time.Duration(random.Int64N(int64(maxDelay)))}
	default:
		return decision{}
	}
}

// faults stands between the wire and the service and breaks connections.
type faults struct {
	next   http.Handler
	outage *outage
	decide func(n uint64) decision

	decided atomic.Uint64 // numbers the requests that are decided about
	counts  [faultKinds]atomic.Int64
	running sync.WaitGroup
}

func (f *faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.running.Add(1)
	defer f.running.Done()
	if f.outage.down.Load() {
		f.counts[unreachable].Add(1)
		resetConn(w)
		return
	}
	d := f.decide(f.decided.Add(1))
	f.counts[d.fault].Add(1)
	switch d.fault {
	case responseLost:
		f.next.ServeHTTP(newDiscard(), r)
		resetConn(w)
	case cut:
		keepBody(r)
		resetConn(w)
		f.next.ServeHTTP(newDiscard(), r)
	case reset:
		resetConn(w)
	default:
		sleep(r.Context(), d.delay)
		f.next.ServeHTTP(w, r)
	}
}

// wait returns when the last request has ended, also of those whose connection is gone.
// The server must have been shut down, so that no more can come.
func (f *faults) wait() { f.running.Wait() }

// requests is how many have come so far.
func (f *faults) requests() int64 {
	var sum int64
	for i := range f.counts {
		sum += f.counts[i].Load()
	}
	return sum
}
