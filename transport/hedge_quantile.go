package transport

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// What a [HedgeQuantile] remembers of the latencies of a target.
const (
	defaultHedgeQuantile = 0.95

	sketchGrowth   = 1.1                    // of a bucket over the one before
	sketchShortest = 100 * time.Microsecond // the upper end of the first bucket
	sketchBuckets  = 150                    // up to two and a half minutes
	sketchMemory   = 1024                   // observations, after which all count half
	sketchEnough   = 32                     // observations before there is a delay
	sketchRefresh  = 16                     // observations until the delay is computed anew
	maxSketches    = 1024                   // targets
	minHedgeDelay  = time.Millisecond       // what is below is noise of timers and goroutines
)

// HedgeQuantile hedges exchanges that take longer than most: with 0.95, those beyond the
// 95th percentile of the target's recent latencies, as "The Tail at Scale" advises, which
// adds about 5 % of requests. A delay is at least a millisecond. Nothing is hedged before
// the target has answered 32 times.
//
// Latencies are counted in buckets that grow by a tenth, so the delay is right within that (as in
// DDSketch: Masson, Rim and Lee, VLDB 2019), and older ones count half after each 1024. A target takes under 1 KiB; beyond 1024
// targets all is forgotten and learned anew. The value may be shared by several chains. It
// panics unless q is above 0 and below 1.
func HedgeQuantile(q float64) HedgeDelay {
	if !(0 < q && q < 1) {
		panic(fmt.Sprintf("transport: HedgeQuantile(%v): must be above 0 and below 1", q))
	}
	return &quantileDelay{q: q}
}

// quantileDelay has a sketch for each target.
type quantileDelay struct {
	q        float64
	mu       sync.RWMutex
	sketches map[string]*sketch
}

func (d *quantileDelay) Delay(target string) (time.Duration, bool) {
	d.mu.RLock()
	s := d.sketches[target]
	d.mu.RUnlock()
	if s == nil {
		return 0, false
	}
	delay := time.Duration(s.delay.Load())
	return delay, delay > 0
}

func (d *quantileDelay) Observe(target string, took time.Duration) {
	d.mu.RLock()
	s := d.sketches[target]
	d.mu.RUnlock()
	if s == nil {
		s = d.open(target)
	}
	s.observe(took, d.q)
}

// open makes a target's sketch.
func (d *quantileDelay) open(target string) *sketch {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.sketches[target]; s != nil {
		return s // somebody was faster
	}
	if d.sketches == nil || len(d.sketches) >= maxSketches {
		d.sketches = make(map[string]*sketch)
	}
	s := new(sketch)
	d.sketches[target] = s
	return s
}

// sketch counts latencies by their order of magnitude.
type sketch struct {
	delay atomic.Int64 // nanoseconds; 0 while too little is known

	mu    sync.Mutex
	fresh int     // observations since the delay was computed
	total float32 // the sum of counts
	count [sketchBuckets]float32
}

func (s *sketch) observe(took time.Duration, q float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count[bucket(took)]++
	s.total++
	if s.total >= sketchMemory {
		s.age()
	}
	if s.fresh++; s.fresh >= sketchRefresh && s.total >= sketchEnough {
		s.fresh = 0
		s.delay.Store(int64(max(s.quantile(q), minHedgeDelay)))
	}
}

// age lets everything so far count half.
func (s *sketch) age() {
	s.total = 0
	for i := range s.count {
		s.count[i] /= 2
		s.total += s.count[i]
	}
}

// quantile returns the upper end of the bucket with the quantile.
func (s *sketch) quantile(q float64) time.Duration {
	rank := float32(q) * s.total
	for i, n := range s.count {
		if rank -= n; rank <= 0 {
			return upperEnd(i)
		}
	}
	return upperEnd(sketchBuckets - 1)
}

// bucket is where a latency is counted.
func bucket(d time.Duration) int {
	if d <= sketchShortest {
		return 0
	}
	i := math.Ceil(math.Log(float64(d)/float64(sketchShortest)) / math.Log(sketchGrowth))
	return min(int(i), sketchBuckets-1)
}

// upperEnd is the longest latency of a bucket.
func upperEnd(i int) time.Duration {
	return time.Duration(float64(sketchShortest) * math.Pow(sketchGrowth, float64(i)))
}
