package main

import (
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/goaroundhq/goaround/idem"
)

// IDs are those of a customer: that of another one with the same ID is another payment, also
// where the payment service must be asked. The same ID with another amount is a mistake.
func TestIDsBelongToCustomers(t *testing.T) {
	t.Parallel()
	p := newPayments(io.Discard, "", "")
	c := &consumer{guard: idem.NewGuard(idem.NewMemory()), payments: p}
	for _, tt := range []struct {
		message
		receipt string
		err     error
	}{
		{message{"order-1", "ada", 500}, "receipt-1", nil},
		{message{"order-1", "grace", 500}, "receipt-2", nil},
		{message{"order-1", "ada", 500}, "receipt-1", nil},
		{message{"order-1", "ada", 900}, "", idem.ErrKeyReused},
	} {
		if got, err := c.handle(t.Context(), tt.message); got != tt.receipt || !errors.Is(err, tt.err) {
			t.Errorf("%v: got %q, %v", tt.message, got, err)
		}
	}
	if len(p.receipts) != 2 {
		t.Errorf("%d payments", len(p.receipts))
	}
}

func TestFindsOutForTheCustomerWhoAsks(t *testing.T) {
	t.Parallel()
	p := newPayments(io.Discard, "order-1", "") // whose answer to the first one is lost
	c := &consumer{guard: idem.NewGuard(idem.NewMemory()), payments: p}
	ada, grace := message{"order-1", "ada", 500}, message{"order-1", "grace", 500}
	if _, err := c.handle(t.Context(), ada); !errors.Is(err, errTimeout) {
		t.Fatal(err)
	}
	if got, err := c.handle(t.Context(), grace); err != nil || got != "receipt-2" {
		t.Errorf("Grace: got %q, %v", got, err)
	}
	if got, err := c.handle(t.Context(), ada); err != nil || got != "receipt-1" {
		t.Errorf("Ada: got %q, %v", got, err)
	}
}

// A message that cannot succeed is put aside in the end, and the others are handled.
func TestQueuePutsAside(t *testing.T) {
	t.Parallel()
	good, bad := message{"order-1", "ada", 500}, message{"order-1", "ada", 900}
	c := &consumer{guard: idem.NewGuard(idem.NewMemory()), payments: newPayments(io.Discard, "", "")}
	q := newQueue(io.Discard, "", good, bad)
	if err := q.deliverAll(t.Context(), c.handle); err != nil {
		t.Fatal(err)
	}
	if q.deliveries != 1+maxDeliveries || !slices.Equal(q.aside, []message{bad}) {
		t.Errorf("%d deliveries, put aside: %v", q.deliveries, q.aside)
	}
}
