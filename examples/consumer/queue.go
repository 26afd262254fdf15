package main

import (
	"context"
	"fmt"
	"io"
)

// message asks for a customer to be charged.
type message struct {
	ID       string
	Customer string
	Cents    int
}

// maxDeliveries is how often a message may fail before it is put aside, for people to look at: one
// that can never succeed, as one with a key that another message has had, must not go round for
// ever. A real broker has a setting for that, and one for a pause before the next delivery.
const maxDeliveries = 5

// queue delivers each message until it is acknowledged or put aside. It loses the
// acknowledgement of one of them, once.
type queue struct {
	out        io.Writer
	messages   []message
	loses      string
	deliveries int
	failures   map[message]int
	aside      []message
}

func newQueue(out io.Writer, loses string, messages ...message) *queue {
	return &queue{out: out, messages: messages, loses: loses, failures: make(map[message]int)}
}

// deliverAll delivers until every message is acknowledged or put aside, or ctx ends.
func (q *queue) deliverAll(ctx context.Context, handle func(context.Context, message) (string, error)) error {
	for len(q.messages) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		m := q.messages[0]
		q.messages = q.messages[1:]
		q.deliveries++
		fmt.Fprintf(q.out, "%s is delivered\n", m.ID)
		receipt, err := handle(ctx, m)
		switch {
		case err != nil:
			fmt.Fprintf(q.out, "  not acknowledged: %v\n", err)
			if q.failures[m]++; q.failures[m] < maxDeliveries {
				q.messages = append(q.messages, m)
			} else {
				q.aside = append(q.aside, m)
			}
		case m.ID == q.loses:
			fmt.Fprintf(q.out, "  acknowledged with %s, but that is lost\n", receipt)
			q.messages, q.loses = append(q.messages, m), ""
		default:
			fmt.Fprintf(q.out, "  acknowledged with %s\n", receipt)
		}
	}
	return nil
}
