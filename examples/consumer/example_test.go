package main

import (
	"context"
	"os"
)

func Example() {
	if err := run(context.Background(), os.Stdout); err != nil {
		panic(err)
	}
	// Output:
	// order-1 is delivered
	//   ada pays 500 cents: receipt-1
	//   acknowledged with receipt-1, but that is lost
	// order-2 is delivered
	//   grace pays 700 cents: receipt-2
	//   not acknowledged: no answer
	// order-3 is delivered
	//   not acknowledged: connection refused
	// order-1 is delivered
	//   acknowledged with receipt-1
	// order-2 is delivered
	//   the payment service is asked, and has receipt-2
	//   acknowledged with receipt-2
	// order-3 is delivered
	//   ada pays 300 cents: receipt-3
	//   acknowledged with receipt-3
	// 6 deliveries, 3 payments
}
