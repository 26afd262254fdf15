package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/faults/call"
)

// book is what the clients have told of the orders. It is safe for concurrent use.
type book struct {
	clients  int
	progress progress

	mu       sync.Mutex
	orders   []entry      // by number
	ended    []int        // by client: the last of its orders that has ended, or -1
	again    map[int]bool // orders that were acknowledged and are called for again
	repeated int          // of those, how many have been
	changed  int          // and have not got the receipt that they had
	faded    int          // and have got none: it was not stored
	hard     map[int]bool // orders that took several attempts
	givenUp  int          // orders that once were
	attempts int
	failed   int            // calls that were given up: several of an order, perhaps
	reasons  map[string]int // why they were
	wrong    []string       // the first answers that nobody should have given
	late     time.Duration
	running  time.Duration
	latest   string // the order that was late by running
	hangs    bool
	hung     chan struct{} // closed when it hangs
}

// hanging is how late a call is that is not waited for any more.
const hanging = 30 * time.Second

// entry is what became of an order. It has not ended when that is "".
type entry struct {
	how call.How
	run string
}

// settled is whether it is known what became of the order, or that it cannot be known.
func (e entry) settled() bool { return e.how != "" && e.how != call.GivenUp }

func newBook(calls, clients int, p progress) *book {
	b := &book{
		clients: clients, progress: p, orders: make([]entry, calls), ended: make([]int, clients),
		reasons: map[string]int{}, hard: map[int]bool{}, hung: make(chan struct{}),
	}
	for i := range b.ended {
		b.ended[i] = -1
	}
	return b
}

// fewReasons is how many kinds of reasons are told apart.
const fewReasons = 30

// hear takes a client's report down.
func (b *book) hear(client int, r call.Report) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.attempts += r.Attempts
	first := 0
	for _, e := range r.Endings {
		b.delay(e.Late, e.Running, "order %d, %s %s %s", e.Order, e.How, e.Why, strings.Join(e.Failed, ", "))
		b.explain(e)
		if b.again != nil {
			b.compare(e)
			continue
		}
		if b.orders[e.Order].how == "" {
			first++
			if e.How == call.GivenUp {
				b.givenUp++
			}
		}
		b.orders[e.Order] = entry{e.How, e.Run}
		b.ended[client] = max(b.ended[client], e.Order)
		if e.Attempts > 1 {
			b.hard[e.Order] = true
		}
	}
	b.progress.done(first)
	if o := r.Overdue; o != nil {
		b.delay(o.Late, o.Running, "order %d, which has not come back", o.Order)
	}
}

// delay notes how late a call is. One that hangs ends the run.
func (b *book) delay(late, running time.Duration, format string, a ...any) {
	b.late = max(b.late, late)
	if running <= b.running {
		return
	}
	b.running, b.latest = running, fmt.Sprintf(format, a...)
	if running > hanging && !b.hangs {
		b.hangs = true
		close(b.hung)
	}
}

func (b *book) explain(e call.Ending) {
	if e.How == call.Wrong && len(b.wrong) < fewReasons {
		b.wrong = append(b.wrong, e.Why)
	}
	for _, reason := range e.Failed {
		if _, ok := b.reasons[reason]; !ok && len(b.reasons) >= fewReasons {
			reason = "other"
		}
		b.reasons[reason]++
		b.failed++
	}
}

// open is where a client goes on: with orders that it may have begun, and with the first
// of those that it certainly has not.
func (b *book) open(client int) (again []int, next int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for next = client; next <= b.ended[client]; next += b.clients {
		if b.orders[next].how == "" {
			again = append(again, next)
		}
	}
	return again, next
}

// unsettled are the orders of a client of which it is not known what became of them, or those
// that are still to be called for again.
func (b *book) unsettled(client int) []int {
	b.mu.Lock()
	defer b.mu.Unlock()
	var orders []int
	for order := client; order < len(b.orders); order += b.clients {
		if b.again == nil && !b.orders[order].settled() || b.again[order] {
			orders = append(orders, order)
		}
	}
	return orders
}

// left is how many orders are unsettled.
func (b *book) left() int {
	n := 0
	for client := range b.clients {
		n += len(b.unsettled(client))
	}
	return n
}
