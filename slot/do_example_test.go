package slot_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/goaroundhq/goaround/slot"
)

// What an error means decides who waits: a refusal is a sign of the target's capacity, a conflict
// of two transactions is not, and a mistake of ours is not tried again.
func ExampleWithJudge() {
	errFull, errConflict := errors.New("too many connections"), errors.New("serialization failure")
	judge := func(err error) slot.Judgement {
		switch {
		case errors.Is(err, errFull):
			return slot.Judgement{Retry: true, Result: slot.Rejected, Hint: 10 * time.Millisecond}
		case errors.Is(err, errConflict):
			return slot.Judgement{Retry: true} // the database did its work
		default:
			return slot.Judgement{Result: slot.Success}
		}
	}
	plan := &slot.Plan{MaxAttempts: 5, Backoff: slot.FullJitter{Base: time.Millisecond}}
	outcomes := []error{errFull, errConflict, nil}
	attempts := 0
	_, err := slot.Do(context.Background(), plan, "database", func(context.Context) (int, error) {
		attempts++
		return 0, outcomes[attempts-1]
	}, slot.WithJudge(judge))
	fmt.Println(attempts, err)
	// Output: 3 <nil>
}

// Where calls come steadily, newcomers wait behind those who have failed already, and who cannot
// be served before the deadline is told at once.
func ExampleWithGate() {
	queue := slot.NewQueue() // one per process
	defer queue.Close()
	plan := &slot.Plan{Pacer: queue, MaxAttempts: 10}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	status, err := slot.Do(ctx, plan, "orders", func(context.Context) (string, error) {
		return "shipped", nil
	}, slot.WithGate())
	if errors.Is(err, slot.ErrDeadline) {
		fmt.Println("no slot comes in time")
		return
	}
	fmt.Println(status, err)
	// Output: shipped <nil>
}

// What a queue does is told to an observer; package otel makes metrics of it, and package eventlog
// a log.
func ExampleNewQueue() {
	queue := slot.NewQueue(
		slot.WithInitialRate(50), // calls in a second that the target is believed to serve
		slot.WithQueueObserver(slot.QueueObserver{
			Mode: func(_ context.Context, info slot.ModeInfo) {
				fmt.Println(info.Target, "was", info.From, "and is", info.To)
			},
		}),
	)
	defer queue.Close()
	plan := &slot.Plan{Pacer: queue}

	_, err := slot.Do(context.Background(), plan, "warehouse", func(context.Context) (string, error) { return "ok", nil })
	fmt.Println(err)
	// Output: <nil>
}

// The wait after each failure is random, below a ceiling that doubles.
func ExampleFullJitter() {
	backoff := slot.FullJitter{Base: 50 * time.Millisecond, Max: time.Second}
	for attempt := 1; attempt <= 6; attempt++ {
		fmt.Print(backoff.Ceiling(attempt), " ")
	}
	fmt.Println(backoff.Delay(1) <= 50*time.Millisecond)
	// Output: 50ms 100ms 200ms 400ms 800ms 1s true
}
