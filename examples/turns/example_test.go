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
	// process one has ticket-order-17
	// process two has ticket-order-17
	// 6 left
}
