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
	// otelhttp below
	// retry POST              INTERNAL  retry.attempts=2 retry.outcome=success_retried
	//   HTTP POST             CLIENT    error.type=*net.OpError
	//     POST /orders        SERVER    idempotency.result=executed
	//   HTTP POST             CLIENT    http.request.resend_count=1
	//     POST /orders        SERVER    idempotency.result=replayed
	// otelhttp around
	// HTTP POST               CLIENT
	//   retry POST            INTERNAL  retry.attempts=2 retry.outcome=success_retried
	//     POST                CLIENT    error.type=reset
	//       POST /orders      SERVER    idempotency.result=executed
	//     POST                CLIENT    http.request.resend_count=1
	//       POST /orders      SERVER    idempotency.result=replayed
}
