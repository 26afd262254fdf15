package slottest

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/goaroundhq/goaround/slot/book"
)

var askRules = []rule{
	{"Ask/AFreshTargetIsClear", func(e *env) {
		a := e.ask(e.target(), book.Rules{}, book.Ask{})
		if a.Mode != book.Clear || a.Slots != 0 || a.Ticket != 0 || a.Probe {
			e.Errorf("answer %+v, want clear and nothing given", a)
		}
	}},
	{"Ask/TheRulesAreThoseOfTheAsk", func(e *env) {
		if a := e.ask(e.target(), book.Rules{Prior: 123}, book.Ask{}); a.Rate != 123 {
			e.Errorf("a target that is believed to serve 123/s begins with %v/s", a.Rate)
		}
	}},
	{"Ask/FailuresTakeATargetDown", func(e *env) {
		target := e.target()
		if a := e.outage(target); !a.Push {
			e.Error("nobody is told")
		}
		if a := e.ask(target, book.Rules{}, book.Ask{}); a.Mode != book.Down {
			e.Errorf("asked again the target is %v: the book was not kept", a.Mode)
		}
	}},
	{"Ask/ASuccessEndsTheOutage", func(e *env) {
		target := e.target()
		down := e.outage(target)
		a := e.ask(target, book.Rules{}, book.Ask{
			Epoch: down.Epoch, Tally: book.Tally{OK: 1}, Latency: 10 * time.Millisecond, Probed: true, Since: time.Millisecond,
		})
		if a.Mode == book.Down || !a.Push || a.Seq <= down.Seq {
			e.Errorf("answer %+v, want another mode and all told, after %+v", a, down)
		}
	}},
	{"Ask/TargetsAreIndependent", func(e *env) {
		e.outage(e.target())
		if a := e.ask(e.target(), book.Rules{}, book.Ask{}); a.Mode != book.Clear {
			e.Errorf("one target is down, and another is %v", a.Mode)
		}
	}},
	{"Ask/TicketsAreGivenOnce", func(e *env) {
		target := e.target()
		var tickets []float64
		for _, a := range e.atOnce(64, func() book.Answer { return e.ask(target, book.Rules{}, book.Ask{New: 1}) }) {
			tickets = append(tickets, a.Ticket)
		}
		slices.Sort(tickets)
		for i, ticket := range tickets {
			if ticket != tickets[0]+float64(i) {
				e.Fatalf("64 callers who came at once have the tickets %v", tickets)
			}
		}
	}},
	{"Ask/OneProbeAtATime", func(e *env) {
		target := e.target()
		e.outage(target)
		probes := 0
		for _, a := range e.atOnce(32, func() book.Answer { return e.ask(target, book.Rules{}, book.Ask{Waiting: 1, New: 1}) }) {
			if a.Probe {
				probes++
			}
		}
		if probes != 1 {
			e.Errorf("%d of 32 members probe a target that is down, want 1", probes)
		}
	}},
	{"Ask/SlotsAreGivenOnce", func(e *env) {
		target, rules, start := e.target(), book.Rules{Prior: 10}, time.Now()
		slots := 0
		for _, a := range e.atOnce(64, func() book.Answer { return e.ask(target, rules, book.Ask{Waiting: 1, New: 1, Want: 1}) }) {
			slots += a.Slots
		}
		if most := 10 * (time.Since(start).Seconds() + 2); slots < 1 || float64(slots) > most {
			e.Errorf("%d of 64 callers at once have slots of a target that serves 10/s, want 1 to %.0f", slots, most)
		}
	}},
	{"Ask/NoAskSpoilsABook", func(e *env) {
		target := e.target()
		for _, n := range []int{math.MinInt, -1, math.MaxInt} {
			for _, d := range []time.Duration{math.MinInt64, -1, math.MaxInt64} {
				for _, ticket := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), -1, 1e18} {
					all := book.Tally{OK: n, Rejected: n, Failed: n}
					e.ask(target, book.Rules{}, book.Ask{
						Member: math.MaxUint64, Waiting: n, New: n, Want: n, Ticket: ticket, Back: n, BackAt: d,
						Epoch: int64(n), Tally: all, Old: all, Latency: d, Since: d, Probed: true,
					})
				}
			}
		}
		a := e.ask(target, book.Rules{}, book.Ask{New: 1})
		if !(a.Rate > 0) || math.IsInf(a.Rate, 0) || !(a.Tail > 0) || math.IsInf(a.Tail, 0) {
			e.Errorf("after senseless asks: %+v", a)
		}
	}},
	{"Ask/AnEndedContextIsAnError", func(e *env) {
		ctx, cancel := context.WithCancel(e.Context())
		cancel()
		if _, err := e.store.Ask(ctx, e.target(), book.Rules{}, book.Ask{}); !errors.Is(err, context.Canceled) {
			e.Errorf("Ask = %v, want context.Canceled", err)
		}
	}},
}

var timeRules = []rule{
	{"Time/SlotsComeFreeAsItPasses", func(e *env) {
		target, rules := e.target(), book.Rules{Prior: 20}
		want := book.Ask{Waiting: 1, New: 1, Want: 1}
		var a book.Answer
		e.eventually("no slots left", func() bool {
			a = e.ask(target, rules, want)
			return a.Slots == 0
		})
		again := book.Ask{Waiting: 1, Want: 1, Ticket: a.Ticket}
		e.eventually("a slot for the one who waits", func() bool { return e.ask(target, rules, again).Slots == 1 })
	}},
	{"Time/WaitsAreCountedFromNow", func(e *env) {
		target := e.target()
		e.outage(target)
		first := e.ask(target, book.Rules{}, book.Ask{}).Ahead
		e.eventually("the next probe comes nearer", func() bool { return e.ask(target, book.Rules{}, book.Ask{}).Ahead < first-10*time.Millisecond })
		if first <= 0 || first > time.Minute {
			e.Errorf("the first probe is %v ahead", first)
		}
	}},
}

// atOnce asks from many goroutines.
func (e *env) atOnce(n int, ask func() book.Answer) []book.Answer {
	answers := make([]book.Answer, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			<-start
			answers[i] = ask()
		})
	}
	close(start)
	all.Wait()
	return answers
}
