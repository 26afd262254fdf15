package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/goaroundhq/goaround/benchmarks/faults/call"
)

// repeats is how many of so many orders are called for again when all is over, of those that
// took several attempts, and as many of all.
func repeats(calls int) int { return max(200, calls/100) }

// repeat has the book choose acknowledged orders that are called for again.
func (b *book) repeat(rng *rand.Rand) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.again = map[int]bool{}
	choose := func(orders []int) {
		rng.Shuffle(len(orders), func(i, j int) { orders[i], orders[j] = orders[j], orders[i] })
		for _, order := range orders[:min(len(orders), repeats(len(b.orders)))] {
			b.again[order] = b.orders[order].how == call.Acknowledged
		}
	}
	choose(slices.Sorted(maps.Keys(b.hard)))
	all := make([]int, len(b.orders))
	for i := range all {
		all[i] = i
	}
	choose(all)
}

// compare holds the second receipt of an order against the first.
func (b *book) compare(e call.Ending) {
	if e.How == call.GivenUp || !b.again[e.Order] {
		return
	}
	b.again[e.Order] = false
	b.repeated++
	switch first := b.orders[e.Order]; {
	case e.How == call.Acknowledged && e.Run == first.run:
	case e.How == call.Acknowledged && (e.Run == "" || first.run == ""):
		b.faded++
	default:
		b.changed++
		if len(b.wrong) < fewReasons {
			b.wrong = append(b.wrong, fmt.Sprintf("order %d: run %q at first, then %s %q %s", e.Order, first.run, e.How, e.Run, e.Why))
		}
	}
}

// unanswered are the orders that were to be repeated and got no answer.
func (b *book) unanswered() (n int) {
	for _, open := range b.again {
		if open {
			n++
		}
	}
	return n
}
