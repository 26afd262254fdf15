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
	// order tea
	//   attempt 1: 503
	//   attempt 2: connection reset by peer
	//   attempt 3: 201
	//   201 order 1: tea (replayed)
	// order tea, after a restart
	//   attempt 1: 201
	//   201 order 1: tea (replayed)
	// look for an order that is not there
	//   attempt 1: 404
	//   404 no such order
	// look into a shop that is closed
	//   attempt 1: connection refused
	//   attempt 2: connection refused
	//   attempt 3: connection refused
	//   attempt 4: connection refused
	//   failed after 4 attempts
}
