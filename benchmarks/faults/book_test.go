package main

import (
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

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

// What was acknowledged must be answered in the same way again.
func TestBookCompares(t *testing.T) {
	t.Parallel()
	b := newBook(6, 2, newProgress(io.Discard, 6))
	b.hear(0, call.Report{Endings: []call.Ending{
		{Order: 0, How: call.Acknowledged, Run: "a", Attempts: 2},
		{Order: 2, How: call.Acknowledged, Run: "b", Attempts: 1},
		{Order: 4, How: call.Acknowledged, Run: "c"},
	}})
	b.hear(1, call.Report{Endings: []call.Ending{
		{Order: 1, How: call.Unknown, Attempts: 3},
		{Order: 3, How: call.Acknowledged, Run: "d"},
		{Order: 5, How: call.Acknowledged, Run: "e"},
	}})
	b.repeat(rand.New(rand.NewPCG(1, 1)))
	if first, second := b.unsettled(0), b.unsettled(1); !slices.Equal(first, []int{0, 2, 4}) || !slices.Equal(second, []int{3, 5}) {
		t.Fatalf("to be repeated: %v and %v, want all that were acknowledged", first, second)
	}
	b.hear(0, call.Report{Endings: []call.Ending{
		{Order: 0, How: call.Acknowledged, Run: "a"},
		{Order: 2, How: call.Acknowledged, Run: "x"},
		{Order: 4, How: call.Unknown},
	}})
	b.hear(1, call.Report{Endings: []call.Ending{
		{Order: 3, How: call.Acknowledged},
		{Order: 5, How: call.GivenUp, Failed: []string{"deadline"}},
	}})
	if b.repeated != 4 || b.changed != 2 || b.faded != 1 || b.unanswered() != 1 || b.left() != 1 || len(b.wrong) != 2 {
		t.Errorf("repeated %d, changed %d %q, faded %d, unanswered %d, left %d, want 4, 2, 1, 1 and 1",
			b.repeated, b.changed, b.wrong, b.faded, b.unanswered(), b.left())
	}
	if b.orders[2].run != "b" || b.givenUp != 0 {
		t.Errorf("order 2 has run %q, %d given up, want what was so at first", b.orders[2].run, b.givenUp)
	}
}

// A call that does not come back is late, and is not waited for without end.
func TestBookHearsOfHanging(t *testing.T) {
	t.Parallel()
	b := newBook(1, 1, newProgress(io.Discard, 1))
	for _, late := range []time.Duration{200 * time.Millisecond, hanging, hanging + 1, hanging + 2} {
		select {
		case <-b.hung:
			if late <= hanging+1 {
				t.Errorf("it hangs before it is late by %v", late)
			}
		default:
			if late > hanging+1 {
				t.Errorf("it does not hang, and is late by more than %v", hanging)
			}
		}
		b.hear(0, call.Report{Overdue: &call.Overdue{Late: late + time.Second, Running: late}})
		if b.running != late || b.late != late+time.Second {
			t.Errorf("late by %v, %v while it ran, want %v less", b.late, b.running, time.Second)
		}
	}
}
