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
	k.after(10*second + 1).fail(outage)
	if k.Mode != Down {
		t.Errorf("%v ten seconds after the last success, with %d failures", k.Mode, outage)
	}
}

// When latencies are known to vary, a rise is no sign of a queue, unless calls are refused.
func TestChance(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		refused     int
		wary        int64
		wild        float64
		grows       bool
		least, most float64 // by which factor the least latency grows
	}{
		"it varies":             {0, 0, 0.5, true, 1, 1},
		"it does not":           {0, 0, 0, false, 1, 1.002},
		"less than the rise":    {0, 0, 0.1, false, 1.005, 1.01},
		"a call is refused":     {1, 0, 0.5, false, 1, 1.002},
		"one was, a while ago":  {0, wary, 0.5, false, 1, 1.002},
		"the while has gone by": {0, 1, 0.5, true, 1, 1},
	}
	for name, test := range tests {
		k := paced(100)
		k.Rate, k.Good, k.Base, k.Prev, k.Guess, k.Wild, k.Wary = 100, 100, 100_000, 100_000, 0, test.wild, test.wary
		k.tell(100, test.refused, 124*time.Millisecond)
		by := k.Base / 100_000
		if k.Rate > 100 != test.grows || by < test.least || by > test.most {
			t.Errorf("%s: rate %v, it was 100, and least latency %v times what it was", name, k.Rate, by)
		}
	}
}

// However fast a target is, two hundred results are a round.
func TestRoundsAreNotTooLong(t *testing.T) {
	t.Parallel()
	k := paced(10_000)
	k.Rate, k.Good = 10_000, 10_000
	k.tell(199, 0, 100*time.Millisecond)
	if k.Rate != 10_000 {
		t.Fatalf("%v after 199 results", k.Rate)
	}
	k.tell(1, 0, 100*time.Millisecond)
	if k.Rate <= 10_000 {
		t.Errorf("%v after 200 results", k.Rate)
	}
}

// Tickets of those who do not come go by at four times the pace.
func TestTicketsGoBy(t *testing.T) {
	t.Parallel()
	k := paced(10)
	k.Rate, k.Head, k.Tail, k.Free = 10, 1, 1000, float64(k.now)
	if got := k.after(second).ask(Ask{}); got.Head != 41 {
		t.Errorf("the next ticket is %v after a second at 10/s, want 41", got.Head)
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
