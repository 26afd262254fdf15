package main

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	_ = os.Unsetenv("OTEL_EXPORTER_OTLP_ENDPOINT") // the receiver is our own
	goleak.VerifyTestMain(m)
}

// A call whose first response was lost, as a collector gets it.
func Example() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// retry POST, retry.outcome success_retried
	//   POST, error.type reset
	//     POST /orders, idempotency.result executed
	//   POST, http.request.resend_count 1
	//     POST /orders, idempotency.result replayed
	// idempotency.claims
	// idempotency.endings
	// idempotency.requests
	// idempotency.store.duration
	// retry.call.attempts
	// retry.call.duration
	// retry.duplicate_operations
	// retry.retries
	// retry.suppressed
	// retry.unpaced
	// retry.wait.duration
}
