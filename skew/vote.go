package skew

import (
	"cmp"
	"slices"
	"time"
)

// span is a closed interval of offsets: true time - local time.
type span struct{ low, high time.Duration }

func (s span) grow(d time.Duration) span { return span{s.low - d, s.high + d} }

func (s span) mid() time.Duration { return s.low + (s.high-s.low)/2 }

func (s span) meets(o span) bool { return s.low <= o.high && o.low <= s.high }

func (s span) intersect(o span) span { return span{max(s.low, o.low), min(s.high, o.high)} }

func (s span) hull(o span) span { return span{min(s.low, o.low), max(s.high, o.high)} }

// agree returns the smallest span with every offset that at least need of the spans hold
// (the sweep of Marzullo, "Maintaining the Time in a Distributed System", 1984). When all
// but len(spans)-need of them are right, the truth is held by need of them, so it is in
// there; the offset that most of them hold would be narrower, and need not be the truth.
func agree(spans []span, need int) (span, bool) {
	type edge struct {
		at   time.Duration
		step int
	}
	edges := make([]edge, 0, 2*len(spans))
	for _, s := range spans {
		edges = append(edges, edge{s.low, +1}, edge{s.high, -1})
	}
	slices.SortFunc(edges, func(a, b edge) int { // spans are closed: where two touch, both hold
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(b.step, a.step))
	})
	var agreed span
	found, holding := false, 0
	for _, e := range edges {
		if holding += e.step; e.step > 0 && holding == need && !found {
			agreed.low, found = e.at, true
		}
		if e.step < 0 && holding == need-1 {
			agreed.high = e.at
		}
	}
	return agreed, found
}
