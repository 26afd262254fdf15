package main

import (
	"context"
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func Example() {
	if err := run(context.Background(), os.Stdout); err != nil {
		panic(err)
	}
	// Output:
	// ada    order-1  500 tok_visa      200 ch_1 succeeded
	// ada    order-1  500 tok_visa      200 ch_1 succeeded, replayed
	// grace  order-1  700 tok_visa      200 ch_2 succeeded
	// ada    order-1  900 tok_visa      400 idempotency_error
	// ada    order-2  300 tok_declined  402 card_error card_declined
	// ada    order-2  300 tok_declined  402 card_error card_declined, replayed
	// ada    order-3  100 tok_slow      409 idempotency_error idempotency_key_in_use
	// ada    order-3  100 tok_slow      200 ch_3 succeeded, replayed
	// nobody order-4  100 tok_visa      401 invalid_request_error
	// ledger: ch_1 acct_ada 500, ch_2 acct_grace 700, ch_3 acct_ada 100
}
