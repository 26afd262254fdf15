package rivals

import (
	"math"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/herd/sim"
)

// AWSAdaptive is the adaptive mode of aws-sdk-go-v2, one client in each process. What it
// adds to the standard mode sleeps by the real clock, so it is written after
// aws/retry/adaptive_ratelimit.go and adaptive_token_bucket.go of v1.48.0.
func AWSAdaptive() sim.Strategy {
	return sim.Strategy{Name: "AWS adaptive, no bound", Start: func(w *sim.World) func(int) sim.Client {
		return func(int) sim.Client {
			a := newAWSClient(w, 0)
			a.limit = newCubic(w.Now())
			return a
		}
	}}
}

// The constants of the adaptive mode.
const (
	cubicSmooth  = 0.8
	cubicBeta    = 0.7
	cubicScale   = 0.4
	cubicMinFill = 0.5
)

// cubic is a bucket of tokens whose rate falls when the service throttles, and grows by
// the cubic function of TCP CUBIC. All times are in seconds.
type cubic struct {
	enabled          bool
	fill, calculated float64 // tokens per second
	tokens, capacity float64
	refilled         float64
	wasFilled        bool
	measured         float64 // requests per second
	lastTxBucket     float64
	requests         float64
	lastMax          float64
	lastThrottle     float64
	window           float64
}

func newCubic(now time.Duration) *cubic {
	return &cubic{lastTxBucket: math.Floor(now.Seconds()), lastThrottle: now.Seconds()}
}

// acquire takes a token, or says when to try again.
func (a *cubic) acquire(now time.Duration) (wait time.Duration, ok bool) {
	if !a.enabled {
		return 0, true
	}
	a.refill(now.Seconds())
	if a.tokens < 1 {
		// The SDK sleeps in whole nanoseconds too; one more keeps rounding from a standstill.
		return time.Duration((1-a.tokens)/a.fill*float64(time.Second)) + 1, false
	}
	a.tokens--
	return 0, true
}

// update learns how an attempt ended.
func (a *cubic) update(at time.Duration, throttled bool) {
	now := at.Seconds()
	a.measure(now)
	if throttled {
		rate := a.measured
		if a.enabled {
			rate = min(rate, a.fill)
		}
		a.lastMax = rate
		a.window = math.Cbrt(a.lastMax * (1 - cubicBeta) / cubicScale)
		a.lastThrottle = now
		a.calculated = rate * cubicBeta
		a.enabled = true
	} else {
		a.window = math.Cbrt(a.lastMax * (1 - cubicBeta) / cubicScale)
		past := now - a.lastThrottle - a.window
		a.calculated = cubicScale*past*past*past + a.lastMax
	}
	a.setRate(now, min(a.calculated, 2*a.measured))
}

func (a *cubic) measure(now float64) {
	bucket := math.Floor(now*2) / 2
	a.requests++
	if bucket > a.lastTxBucket {
		rate := a.requests / (bucket - a.lastTxBucket)
		a.measured = rate*cubicSmooth + a.measured*(1-cubicSmooth)
		a.requests, a.lastTxBucket = 0, bucket
	}
}

func (a *cubic) setRate(now, rate float64) {
	a.refill(now)
	a.fill = max(rate, cubicMinFill)
	a.capacity = max(rate, 1)
	a.tokens = min(a.tokens, a.capacity)
}

func (a *cubic) refill(now float64) {
	if a.wasFilled {
		a.tokens = min(a.tokens+(now-a.refilled)*a.fill, a.capacity)
	}
	a.refilled, a.wasFilled = now, true
}
