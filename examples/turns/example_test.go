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
	// order-17: busy
	// order-17: busy
	// order-17: busy
	// order-17: 4 pieces taken
	// process 1 has ticket-order-17
	// process 2 has ticket-order-17
	// 6 left
}
