package main

import (
	"io"
	"slices"
	"testing"

	"github.com/goaroundhq/goaround/benchmarks/faults/call"
)

// A client that is started again must leave out what has ended and nothing else.
func TestBookKnowsWhereToGoOn(t *testing.T) {
	t.Parallel()
	b := newBook(20, 2, newProgress(io.Discard, 20))
	if again, next := b.open(1); len(again) != 0 || next != 1 {
		t.Errorf("at first: again %v, next %d, want none and 1", again, next)
	}
	b.hear(1, call.Report{Attempts: 5, Endings: []call.Ending{
		{Order: 1, How: call.Acknowledged, Run: "a"},
		{Order: 5, How: call.GivenUp, Failed: []string{"budget", "deadline", "budget"}},
		{Order: 9, How: call.Unknown},
	}})
	if again, next := b.open(1); !slices.Equal(again, []int{3, 7}) || next != 11 {
		t.Errorf("again %v, next %d, want 3, 7 and 11", again, next)
	}
	if again, next := b.open(0); len(again) != 0 || next != 0 {
		t.Errorf("the other client: again %v, next %d, want none and 0", again, next)
	}
	if orders := b.unsettled(1); !slices.Equal(orders, []int{3, 5, 7, 11, 13, 15, 17, 19}) {
		t.Errorf("unsettled %v", orders)
	}
	b.hear(1, call.Report{Endings: []call.Ending{{Order: 5, How: call.Acknowledged, Run: "b"}}})
	if b.givenUp != 1 || b.failed != 3 || b.reasons["budget"] != 2 || b.left() != 17 || b.attempts != 5 {
		t.Errorf("given up %d, reasons %v of %d, left %d, attempts %d, want 1, budget 2 of 3, 17 and 5",
			b.givenUp, b.reasons, b.failed, b.left(), b.attempts)
	}
}
