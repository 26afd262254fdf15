// Command consumer charges customers for the messages of a queue that delivers at least
// once, and charges for each message once.
//
//	go run ./examples/consumer
//
// It prints what happens to three messages: the acknowledgement of the first is lost, the
// payment service's answer to the second, and the third comes when the payment service is
// down. All are delivered again, and everybody pays once. queue.go and payments.go stand
// in for a message broker and the other service:
//
//	order-1 is delivered
//	  ada pays 500 cents: receipt-1
//	  acknowledged with receipt-1, but that is lost
//	order-2 is delivered
//	  grace pays 700 cents: receipt-2
//	  not acknowledged: no answer
//	order-3 is delivered
//	  not acknowledged: connection refused
//	order-1 is delivered
//	  acknowledged with receipt-1
//	order-2 is delivered
//	  the payment service is asked, and has receipt-2
//	  acknowledged with receipt-2
//	order-3 is delivered
//	  ada pays 300 cents: receipt-3
//	  acknowledged with receipt-3
//	6 deliveries, 3 payments
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/goaroundhq/goaround/idem"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	q := newQueue(out, "order-1",
		message{ID: "order-1", Customer: "ada", Cents: 500},
		message{ID: "order-2", Customer: "grace", Cents: 700},
		message{ID: "order-3", Customer: "ada", Cents: 300})
	p := newPayments(out, "order-2", "order-3")
	// In production the store is one that all consumers share and that outlives them.
	c := &consumer{guard: idem.NewGuard(idem.NewMemory()), payments: p}
	if err := q.deliverAll(ctx, c.handle); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d deliveries, %d payments\n", q.deliveries, len(p.receipts))
	return nil
}

// consumer charges for messages.
type consumer struct {
	guard    *idem.Guard
	payments *payments
}

// handle charges for a message, once, however often it is delivered. The queue delivers
// it again after an error; idem.ErrInProgress is one, when another consumer has it.
func (c *consumer) handle(ctx context.Context, m message) (receipt string, err error) {
	op := idem.Operation{
		Name: "charge", Scope: idem.Scope(m.Customer), Key: m.ID,
		Params:  m, // another message with the same ID is a mistake to be told
		Recover: func(context.Context) (idem.Resolution, error) { return c.findOut(m) },
	}
	return idem.Do(ctx, c.guard, op, func(ctx context.Context) (string, error) {
		// The same key on every attempt: the other service charges once, too.
		key, _ := idem.DownstreamKey(ctx, "payment")
		receipt, err := c.payments.charge(key, m)
		if errors.Is(err, errRefused) {
			return "", idem.NothingHappened(err) // the next delivery may run this again
		}
		return receipt, err // any other error leaves the outcome unknown
	})
}

// findOut is asked when a message is delivered again and nobody knows how the first
// attempt ended. It must be sure; with an error the outcome stays unknown.
func (c *consumer) findOut(m message) (idem.Resolution, error) {
	receipt, found := c.payments.find(m)
	if !found {
		return idem.Resolution{State: idem.Absent}, nil // it is not under way either
	}
	record, err := idem.EncodeResult(receipt)
	return idem.Resolution{State: idem.Done, Record: record}, err
}
