package main

import (
	"cmp"
	"strings"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/faults/call"
	"github.com/goaroundhq/goaround/benchmarks/faults/serve"
	"github.com/goaroundhq/goaround/benchmarks/faults/site"
)

// judged is the result of a run of three orders with these endings and effects.
func judged(c config, orders [3]entry, effects [3][]string, late time.Duration) result {
	c.calls, c.clients, c.seed = 3, 1, 1
	b := newBook(3, 1, newProgress(new(strings.Builder), 3))
	f := newFleet(c, nil, "", b)
	b.orders, b.running, b.late = orders[:], late, late
	runs := map[string][]string{}
	for i, r := range effects {
		if r != nil {
			runs[call.NewOrder(c.seed, f.start, i).Name()] = r
		}
	}
	return newResult(c, f, &storm{}, runs, time.Second)
}

// What is promised of figures that no order has alone.
func TestFiguresAreJudged(t *testing.T) {
	t.Parallel()
	struck := func(name string, n int) map[string]int { return map[string]int{name: n} }
	for _, c := range []struct {
		name   string
		r      result
		broken string // the promise, "" for none
	}{
		{"unknown after strikes", result{Unknown: 15, Recovered: 9, NemesisEvents: struck("server-kill", 2)}, ""},
		{"unknown too often", result{Unknown: 15, Recovered: 10, NemesisEvents: struck("server-kill", 2)}, unsure},
		{"not stored when it was full", result{NotStored: 48, NemesisEvents: struck("oom", 1)}, ""},
		{"not stored too often", result{NotStored: 49, NemesisEvents: struck("oom", 1)}, notStored},
		{"given up", result{GivenUp: 50}, ""},
		{"given up too often", result{GivenUp: 51}, givenUp},
		{"given up where the store forgets", result{GivenUp: 900, Forgets: true}, ""},
		{"another answer", result{Changed: 1}, changed},
		{"another answer, least", result{Changed: 1, Guarantee: serve.AtLeastOnce}, ""},
		{"unknown after strikes that cannot make it so", result{Unknown: 1, Nemesis: "lost-response", NemesisEvents: struck("lost-response", 9)}, unsure},
		{"an effect of nobody", result{Stray: 1}, stray},
		{"failed", result{FailedCalls: 1}, ""},
		{"failed, and nothing struck", result{FailedCalls: 1, Nemesis: "none"}, failed},
		{"failed without a pacer", result{FailedCalls: 1, Nemesis: "script-flush, pacer-gone"}, failed},
		{"failed with a short deadline", result{FailedCalls: 1, Nemesis: "lost-response"}, ""},
		{"failed with a long deadline", result{FailedCalls: 1, Nemesis: "lost-response", Deadline: 10 * time.Second}, failed},
	} {
		r := c.r
		r.Calls, r.Clients, r.Callers = 1000, 3, 16
		r.Guarantee, r.Nemesis = cmp.Or(r.Guarantee, serve.AtMostOnce), cmp.Or(r.Nemesis, "all")
		var broken []string
		for _, p := range promises(r) {
			if p.observed > p.bound {
				broken = append(broken, p.what)
			}
		}
		if got := strings.Join(broken, "; "); got != c.broken {
			t.Errorf("%s: broken %q, want %q", c.name, got, c.broken)
		}
	}
}

func TestPromisesAreJudged(t *testing.T) {
	t.Parallel()
	ok := entry{call.Acknowledged, "a"}
	one, two := []string{"a"}, []string{"b", "a"}
	most, least, exactly := serve.AtMostOnce, serve.AtLeastOnce, serve.ExactlyOnce
	for _, c := range []struct {
		name      string
		guarantee serve.Guarantee
		orders    [3]entry
		effects   [3][]string
		late      time.Duration
		broken    string // the promise, "" for none
	}{
		{"all well", most, [3]entry{ok, ok, ok}, [3][]string{one, one, one}, 0, ""},
		{"all well, exactly", exactly, [3]entry{ok, ok, ok}, [3][]string{one, one, one}, 0, ""},
		{"a bit late", most, [3]entry{ok, ok, ok}, [3][]string{one, one, one}, 99 * time.Millisecond, ""},
		{"late", most, [3]entry{ok, ok, ok}, [3][]string{one, one, one}, 101 * time.Millisecond, late},
		{"twice", most, [3]entry{ok, ok, ok}, [3][]string{one, two, one}, 0, duplicates},
		{"twice, least", least, [3]entry{ok, ok, ok}, [3][]string{one, two, one}, 0, ""},
		{"twice, exactly", exactly, [3]entry{ok, ok, ok}, [3][]string{one, two, one}, 0, duplicates},
		{"no effect", most, [3]entry{ok, ok, ok}, [3][]string{one, nil, one}, 0, lost},
		{"an effect of another run", most, [3]entry{ok, ok, ok}, [3][]string{one, {"b"}, one}, 0, lost},
		{"no effect, least", least, [3]entry{ok, ok, ok}, [3][]string{one, nil, one}, 0, lost},
		{"unknown, and nothing struck", most, [3]entry{ok, {call.Unknown, ""}, ok}, [3][]string{one, nil, one}, 0, unsure},
		{"no receipt, and nothing filled the store", most, [3]entry{ok, {call.Acknowledged, ""}, ok}, [3][]string{one, one, one}, 0, notStored},
		{"unknown, least", least, [3]entry{ok, {call.Unknown, ""}, ok}, [3][]string{one, one, one}, 0, unknown},
		{"unknown, exactly", exactly, [3]entry{ok, {call.Unknown, ""}, ok}, [3][]string{one, nil, one}, 0, unknown},
		{"wrong receipt", most, [3]entry{ok, {call.Wrong, ""}, ok}, [3][]string{one, nil, one}, 0, "wrong responses"},
		{"unsettled", most, [3]entry{ok, {call.GivenUp, ""}, ok}, [3][]string{one, nil, one}, 0, "unsettled"},
		{"never called", most, [3]entry{ok, {}, ok}, [3][]string{one, nil, one}, 0, "unsettled"},
	} {
		r := judged(config{guarantee: c.guarantee, store: site.SQL}, c.orders, c.effects, c.late)
		if got := strings.Join(r.Broken, "; "); !strings.HasPrefix(got, c.broken) || (c.broken == "") != (got == "") {
			t.Errorf("%s: broken %q, want %q", c.name, got, c.broken)
		}
	}
}

// An effect in the database without a receipt breaks the promise of exactly-once, also when
// it is of an order that was given up.
func TestExactlyOnceIsJudgedBothWays(t *testing.T) {
	t.Parallel()
	ok := entry{call.Acknowledged, "a"}
	one := []string{"a"}
	r := judged(config{guarantee: serve.ExactlyOnce}, [3]entry{ok, ok, {call.GivenUp, ""}}, [3][]string{one, one, one}, 0)
	if got := strings.Join(r.Broken, "; "); !strings.Contains(got, unacknowledged) {
		t.Errorf("broken %q, want also %q", got, unacknowledged)
	}
}

func TestEffectsOfNoOrder(t *testing.T) {
	t.Parallel()
	c := config{guarantee: serve.AtMostOnce, calls: 1, clients: 1}
	b := newBook(1, 1, newProgress(new(strings.Builder), 1))
	b.orders[0] = entry{call.Acknowledged, "a"}
	f := newFleet(c, nil, "", b)
	effects := map[string][]string{call.NewOrder(0, f.start, 0).Name(): {"a"}, "t0/nobody's": {"b", "c"}}
	if r := newResult(c, f, &storm{}, effects, time.Second); r.Effects != 3 || r.Stray != 2 {
		t.Errorf("%d effects, %d of no order, want 3 and 2", r.Effects, r.Stray)
	}
}
