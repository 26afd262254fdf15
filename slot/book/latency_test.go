package book

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// Each tenth call, one per second, is refused.
func TestSparseFailuresAreNoOutage(t *testing.T) {
	t.Parallel()
	l := newLocal()
	for i := range 60 {
		l.k.now += second
		f := served(30 * time.Millisecond)
		if i%10 == 9 {
			f = refused
		}
		l.Ended(l.k.now, f)
		for at, ok := l.Wake(); ok; at, ok = l.Wake() {
			l.k.now = max(at, l.k.now)
			l.turn()
		}
		if l.known.Mode == Down {
			t.Fatalf("down after %d calls of which each tenth was refused", i+1)
		}
	}
}

// One success that took an hour does not hide the next outage for two.
func TestASlowSuccessHidesNoOutage(t *testing.T) {
	t.Parallel()
	k := newKeeper(100)
	k.fail(outage)
	k.after(probeLeast).ask(Ask{Waiting: 1, New: 1000, Probed: true})
	k.after(msec).tell(1, 0, time.Hour)
	k.after(quietMost + 1).fail(outage)
	if k.Mode != Down {
		t.Errorf("%v ten seconds after the last success, with %d failures", k.Mode, outage)
	}
}

// A queue at less than two slots per second, while the target is clear.
func TestASlowRateGrows(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{1, 1.5, 3} {
		k := newKeeper(rate)
		l := &local{NewMember(Rules{}, 1, 1), k}
		for c := range Caller(2000) {
			l.Gate(k.now, c)
		}
		for start := k.now; k.now < start+300*second && l.line.len() > 0; {
			sent := k.now
			for range l.turn() {
				k.now = max(k.now, sent+20*msec)
				l.Ended(k.now, served(20*time.Millisecond))
			}
			if at, ok := l.Wake(); ok {
				k.now = max(k.now, at)
			}
		}
		if k.Rate < 2*rate {
			t.Errorf("%d of 2000 wait after 300 s of successes, at %v per second; it was %v", l.line.len(), k.Rate, rate)
		}
	}
}

// All is served, whatever the rate; latencies are log-normal.
func TestRateGrowsThoughLatencyVaries(t *testing.T) {
	t.Parallel()
	for _, sigma := range []float64{0, 0.3, 0.8} {
		for _, mode := range []Mode{Ramp, Paced} {
			if left, rate := growth(mode, sigma); left > 0 {
				t.Errorf("%v, sigma %v: %d of 20000 wait after 120 s of successes, at %.0f per second; it was 20", mode, sigma, left, rate)
			}
		}
	}
}

// growth is how many of 20 000 callers wait after two minutes that began with 20 per second.
func growth(mode Mode, sigma float64) (left int, rate float64) {
	k := newKeeper(20)
	k.open(k.rules, k.now)
	k.Mode, k.Good = mode, 20
	r := rand.New(rand.NewPCG(1, 1))
	l := &local{NewMember(Rules{}, 1, 1), k}
	l.learn(k.now, Notice{Mode: mode, Seq: k.Seq, Epoch: k.Epoch, Rate: 20, Head: 1, Tail: 1})
	for c := range Caller(20_000) {
		l.Gate(k.now, c)
	}
	ends := map[Instant][]time.Duration{}
	for start := k.now; k.now < start+120*second && l.line.len() > 0; k.now += msec {
		for range l.turn() {
			d := time.Duration(50e6 * math.Exp(sigma*r.NormFloat64()))
			at := k.now + Instant(d/time.Millisecond+1)*msec
			ends[at] = append(ends[at], d)
		}
		for _, d := range ends[k.now] {
			l.Ended(k.now, served(d))
		}
		delete(ends, k.now)
	}
	return l.line.len(), k.Rate
}
