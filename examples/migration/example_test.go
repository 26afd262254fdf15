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
	//                      status  orders  RequestLogHook  CheckRetry  Backoff
	// before               201     2       3               3           2
	// with keys            201     1       3               3           2
	// with another engine  201     1       3               2           2
}
