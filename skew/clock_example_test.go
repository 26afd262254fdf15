package skew_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/skew/skewtest"
)

// A service keeps its clock right in the background, and reads it wherever it must not be fooled.
// Real sources would be those of package skewntp, or Kernel on a machine that has a daemon.
func ExampleNew() {
	clock := skew.New(
		skew.WithSources(&skewtest.Source{Label: "ntp1", Radius: time.Millisecond}),
		skew.WithLogger(slog.New(slog.DiscardHandler)), // slog.Default() in a service
	)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- clock.Run(ctx) }()

	expiry := time.Now().Add(-time.Minute)
	if clock.Read().SurelyAfter(expiry) {
		fmt.Println("expired, whatever the error of this machine's clock")
	}
	stop()
	fmt.Println(errors.Is(<-ended, context.Canceled))
	_, err := clock.Sync(context.Background()) // the same by hand, for a job that ends soon
	fmt.Println(err, clock.Read().Status, clock.Read().SurelyAfter(expiry))
	// Output:
	// expired, whatever the error of this machine's clock
	// true
	// <nil> bounded true
}

// Code that needs no bounds takes a corrected time.
func ExampleTimeSync() {
	now := skew.TimeSync{Clock: skew.New(skew.WithOffset(2 * time.Second))}
	now.Sync(context.Background()) // never fails
	fmt.Println(now.Offset(), now.LastSync().IsZero())
	// Output: 2s true
}

// A wait until a time of another clock is made longer by as much as this one may be off.
func ExampleMeasuredUncertainty() {
	clock := skew.New(skew.WithUncertainty(50 * time.Millisecond))
	padding := skew.MeasuredUncertainty(clock, time.Second)
	backoff := padding.Pad(func(int) time.Duration { return 2 * time.Second })
	fmt.Println(backoff(1))
	// Output: 2.05s
}
