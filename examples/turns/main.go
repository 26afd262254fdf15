// Command turns reserves stock in a warehouse that is too busy at first: what slot.Do tries
// again in turns, idem.Do runs once.
//
//	go run ./examples/turns
//
// It is what to write where a call is not HTTP. Two processes get the same order, as from a
// queue that delivers it twice; the stock is taken once:
//
//	order-17: busy
//	order-17: busy
//	order-17: busy
//	order-17: 4 pieces taken
//	process 1 has ticket-order-17
//	process 2 has ticket-order-17
//	6 left
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/slot"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	w := &warehouse{out: out, busy: 3, stock: 10}
	for i, c := range newFleet(w, 2) {
		ticket, err := c.reserve(ctx, "order-17", 4)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "process %d has %s\n", i+1, ticket)
	}
	fmt.Fprintf(out, "%d left\n", w.stock)
	return nil
}

// newFleet makes what each of several processes has. In production records and books are in
// Redis: idemredis.New, slotredis.New.
func newFleet(w *warehouse, processes int) []*client {
	records, books := idem.NewMemory(), slot.NewMemory()
	clients := make([]*client, processes)
	for i := range clients {
		plan := &slot.Plan{Pacer: slot.NewQueue(slot.WithStore(books))}
		clients[i] = &client{guard: idem.NewGuard(records), plan: plan, warehouse: w}
	}
	return clients
}

// client is what a process has of goaround.
type client struct {
	guard     *idem.Guard
	plan      *slot.Plan // with a pacer, which all calls of the process share
	warehouse *warehouse
}

// reserve takes stock for an order, once, however often and wherever it is called.
func (c *client) reserve(ctx context.Context, order string, pieces int) (string, error) {
	op := idem.Operation{Name: "reserve", Scope: idem.SharedScope, Key: order, Params: pieces}
	return slot.Do(ctx, c.plan, "warehouse", func(ctx context.Context) (string, error) {
		return idem.Do(ctx, c.guard, op, func(context.Context) (string, error) {
			ticket, err := c.warehouse.take(order, pieces)
			if errors.Is(err, errBusy) {
				return "", idem.NothingHappened(err) // the key is free for another attempt
			}
			return ticket, err // any other error leaves the outcome unknown
		})
	}, slot.WithJudge(judge))
}

// judge says what to try again.
func judge(err error) slot.Judgement {
	switch {
	case errors.Is(err, errBusy):
		return slot.Judgement{Retry: true, Result: slot.Rejected}
	case errors.Is(err, idem.ErrInProgress): // in the other process, which is no fault of the warehouse
		return slot.Judgement{Retry: true, Result: slot.Success}
	default:
		return slot.Judgement{Result: slot.Failed}
	}
}
