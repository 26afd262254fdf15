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
	// delivered: 3 to fickle, 3 to well
	// dead letters: 3 for down, 3 for mute
	// delivered later: 3 to down, 3 to mute
	// well    handled 3 events in 3 requests
	// fickle  handled 3 events in 4 requests
	// mute    handled 3 events in 9 requests
	// down    handled 3 events in 9 requests
}
