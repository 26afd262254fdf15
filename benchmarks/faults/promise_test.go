package main

import (
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
		{"unknown", most, [3]entry{ok, {call.Unknown, ""}, ok}, [3][]string{one, nil, one}, 0, ""},
		{"unknown with an effect", most, [3]entry{ok, {call.Unknown, ""}, ok}, [3][]string{one, one, one}, 0, ""},
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
