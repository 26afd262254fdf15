package book

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"
)

// lawful checks what holds for every answer and every state, whatever was asked.
func lawful(t *testing.T, before, b *Book, a Ask, out Answer) {
	t.Helper()
	most := time.Duration(horizon+breath) * time.Microsecond
	for what, ok := range map[string]bool{
		"rate in bounds":             b.Rate >= slowest && b.Rate <= fastest,
		"good rate in bounds":        b.Good >= 0 && b.Good <= fastest,
		"times and tickets finite":   !math.IsNaN(b.Free+b.Late+b.Head+b.Tail+b.Took+b.Base) && !math.IsInf(b.Free+b.Late+b.Tail+b.Took, 0),
		"head not behind tail":       b.Head <= b.Tail && b.Head >= 1,
		"no more than was wanted":    out.Probe || out.Slots <= max(a.Want, 0),
		"slots not in the past":      out.Slots >= 0 && out.First >= 0 && out.Step >= 0,
		"slots within the horizon":   out.Slots == 0 || out.Probe || out.First+time.Duration(out.Slots-1)*out.Step <= most,
		"down gives only probes":     b.Mode != Down || (out.Slots == 1) == out.Probe && out.Slots <= 1,
		"probes only when down":      !out.Probe || b.Mode == Down,
		"probes soon":                !out.Probe || out.First <= probeMost*time.Microsecond,
		"again is soon":              out.Again >= 0 && out.Again <= patience*time.Microsecond,
		"a notice is due soon":       out.Next > 0 && out.Next <= (probeMost+silence)*time.Microsecond,
		"ahead is near":              out.Ahead >= 0 && out.Ahead <= probeMost*time.Microsecond,
		"a push has a number":        out.Push == (b.Seq == before.Seq+1) || before.Seq == 0,
		"the notice is of the state": out.Seq == b.Seq && out.Mode == b.Mode && out.Epoch == b.Epoch && out.Rate == b.Rate,
		"epochs grow":                b.Epoch >= before.Epoch,
		"a new mode is a new epoch":  b.Mode == before.Mode || b.Epoch > before.Epoch || b.Mode == Paced,
		"spare is not negative":      b.Spare >= 0,
	} {
		if !ok {
			t.Fatalf("not so: %s\nask    %+v\nbefore %+v\nafter  %+v\nanswer %+v", what, a, *before, *b, out)
		}
	}
}

// garbage is an ask that no member sends.
func garbage(r *rand.Rand, b *Book) Ask {
	n := func() int {
		return []int{0, 0, 1, 2, 5, 20, -1, math.MaxInt, math.MinInt, r.IntN(100)}[r.IntN(10)]
	}
	d := func() time.Duration {
		return []time.Duration{0, 1, time.Microsecond, -1, math.MaxInt64, math.MinInt64, time.Duration(r.Int64N(1e9))}[r.IntN(7)]
	}
	return Ask{
		Member: r.Uint64(), Waiting: n(), New: n(), Want: n(), Back: n(), BackAt: d(),
		Ticket:  []float64{0, b.Head, b.Tail, b.Tail + 1, b.Head + 50, -1, math.NaN(), math.Inf(1), math.Inf(-1), 1e300, 2.5}[r.IntN(11)],
		Epoch:   b.Epoch - int64(r.IntN(3)) + 1,
		Tally:   Tally{n(), n(), n()},
		Old:     Tally{n(), n(), n()},
		Latency: d(), Since: d(), Probed: r.IntN(2) == 0,
	}
}

func TestAnyAskIsLawful(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		rules := Rules{Prior: []float64{0, 100, 0.001, 1e12, -5, math.NaN(), math.Inf(1)}[r.IntN(7)]}
		var b Book
		now := Instant(r.Int64N(2e15))
		for range 500 {
			switch r.IntN(20) {
			case 0:
				now -= Instant(r.Int64N(1e10)) // the clock is set back
			case 1:
				now += Instant(r.Int64N(1e10))
			case 2:
				now = []Instant{math.MinInt64, math.MaxInt64, 0, 1e15}[r.IntN(4)]
			case 3: // it stands still
			default:
				if now < 1e18 {
					now += Instant(r.Int64N(200_000))
				}
			}
			before, a := b, garbage(r, &b)
			out := b.Step(rules, now, a)
			lawful(t, &before, &b, a, out)
		}
	}
}

func TestSameAsksSameAnswers(t *testing.T) {
	t.Parallel()
	run := func() (Book, []Answer) {
		r := rand.New(rand.NewPCG(7, 7))
		var b Book
		var all []Answer
		now := Instant(1e15)
		for range 2000 {
			now += Instant(r.Int64N(50_000))
			all = append(all, b.Step(Rules{}, now, garbage(r, &b)))
		}
		return b, all
	}
	b1, a1 := run()
	b2, a2 := run()
	if b1 != b2 || !reflect.DeepEqual(a1, a2) {
		t.Error("the same asks had different answers")
	}
}

// Slots are never closer to each other than the rate says, and what came back is given again.
func TestPaceIsKept(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 2))
		rate := []float64{1, 7, 100, 3333}[r.IntN(4)]
		b := Book{Mode: Paced}
		now := Instant(1e12)
		b.open(Rules{Prior: rate}, now)
		b.Mode = Paced
		var given []int64 // not given back
		back, again := 0, 0
		for range 400 {
			now += Instant(r.Int64N(int64(2e6 / rate)))
			a := Ask{Waiting: 50, Want: 1 + r.IntN(20), Ticket: b.Head}
			if r.IntN(4) == 0 { // the latest slots of the run that is still to come
				for n := r.IntN(4); n > 0 && len(given) > 0 && given[len(given)-1] > int64(now)+10; n-- {
					a.Back++
					a.BackAt = duration(given[len(given)-1] - int64(now))
					given = given[:len(given)-1]
					back++
				}
			}
			free := b.Free
			out := b.Step(Rules{Prior: rate}, now, a)
			b.Busy = now // nobody reports: the mode stays
			if b.Free == free && out.Slots > 0 {
				again += out.Slots
			}
			for i := range out.Slots {
				given = append(given, int64(now)+micros(out.First)+int64(i)*micros(out.Step))
			}
			slices.Sort(given)
		}
		least := int64(1e6/rate) - 25 // whole microseconds, over a run of slots
		for i := 1; i < len(given); i++ {
			if given[i]-given[i-1] < least {
				t.Fatalf("seed %d, %v/s: slots %d us apart", seed, rate, given[i]-given[i-1])
			}
		}
		if len(given) < 20 || back > 20 && again == 0 {
			t.Fatalf("seed %d: %d given, %d back, %d given again: the test shows nothing", seed, len(given), back, again)
		}
	}
}
