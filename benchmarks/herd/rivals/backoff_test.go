package rivals

import (
	"testing"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/herd/sim"
	"github.com/goaroundhq/goaround/slot"
)

// The base and the ceiling are those of goaround's own backoff, so that "full jitter" means
// the same in all tables.
func TestCeilingIsThatOfFullJitter(t *testing.T) {
	t.Parallel()
	for attempt := 1; attempt < 20; attempt++ {
		if got, want := ceiling(attempt, fallbackMost), (slot.FullJitter{}).Ceiling(attempt); got != want {
			t.Errorf("attempt %d: %v, want %v", attempt, got, want)
		}
	}
}

// In an outage without end, the waits between the attempts of a single caller.
func TestWaits(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for _, tt := range []struct {
		strategy    sim.Strategy
		least, most []time.Duration
	}{
		{Constant(s), []time.Duration{s, s, s}, []time.Duration{s, s, s}},
		{Exponential(400 * time.Millisecond), ms(100, 200, 400, 400), ms(100, 200, 400, 400)},
		{FullJitter(10 * s), ms(0, 0, 0), ms(100, 200, 400)},
		{EqualJitter(10 * s), ms(50, 100, 200), ms(100, 200, 400)},
		{DecorrelatedJitter(10 * s), ms(100, 100, 100), ms(300, 900, 2700)},
		{Retryablehttp(0), []time.Duration{s, 2 * s, 4 * s, 8 * s, 16 * s, 30 * s, 30 * s}, []time.Duration{s, 2 * s, 4 * s, 8 * s, 16 * s, 30 * s, 30 * s}},
		{Retryablehttp(2), []time.Duration{s, 2 * s}, []time.Duration{s, 2 * s}},
		{AWSStandard(3), ms(0, 0), ms(1000, 2000)},
		{RetryAfter(5*s, 5*s), []time.Duration{5 * s, 5 * s}, []time.Duration{10 * s, 10 * s}},
		{Ring(10, s/10, 0), ms(0, 0), ms(1000, 1000)},
		{Ring(10, s/10, s), ms(100, 200, 400), ms(1100, 1200, 1400)},
	} {
		t.Run(tt.strategy.Name, func(t *testing.T) {
			t.Parallel()
			log := &log{}
			sim.Run(sim.Case{Callers: 1, Processes: 1, Outage: time.Hour, Horizon: 10 * time.Minute}, log.around(tt.strategy), 1)
			if len(log.waits) < len(tt.least) {
				t.Fatalf("%d waits, want at least %d", len(log.waits), len(tt.least))
			}
			for i := range tt.least {
				// Calls of the store take up to 5 ms more.
				if w := log.waits[i]; w < tt.least[i] || w > tt.most[i]+5*time.Millisecond {
					t.Errorf("wait %d is %v, want between %v and %v", i+1, w, tt.least[i], tt.most[i])
				}
			}
		})
	}
}

func ms(n ...int) []time.Duration {
	var d []time.Duration
	for _, v := range n {
		d = append(d, time.Duration(v)*time.Millisecond)
	}
	return d
}

// log notes how long a caller waited before each retry.
type log struct {
	w     *sim.World
	next  sim.Client
	ended time.Duration
	waits []time.Duration
}

func (l *log) around(s sim.Strategy) sim.Strategy {
	start := s.Start
	s.Start = func(w *sim.World) func(int) sim.Client {
		l.w = w
		made := start(w)
		return func(process int) sim.Client {
			l.next = made(process)
			return l
		}
	}
	return s
}

func (l *log) First(c *sim.Call) { l.next.First(c) }
func (l *log) Left(c *sim.Call)  { l.next.Left(c) }

func (l *log) Ended(c *sim.Call, r sim.Reply) {
	if c.Attempt > 1 {
		l.waits = append(l.waits, c.Sent-l.ended)
	}
	l.ended = l.w.Now()
	l.next.Ended(c, r)
}
