package slot_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/goaroundhq/goaround/slot"
)

// A plan is built once and asked after every failed attempt.
func ExamplePlan() {
	plan := &slot.Plan{MaxAttempts: 2, Backoff: slot.BackoffFunc(func(int) time.Duration { return time.Millisecond })}
	ctx := context.Background()

	for attempt := 1; ; attempt++ {
		fmt.Println("attempt", attempt)
		turn, err := plan.Next(ctx, "https://api.example.com", slot.Feedback{Attempt: attempt, Result: slot.Failed}, 0)
		if errors.Is(err, slot.ErrAttempts) {
			fmt.Println("gave up:", err)
			return
		}
		if err := turn.Wait(ctx); err != nil {
			return
		}
	}
	// Output:
	// attempt 1
	// attempt 2
	// gave up: slot: no attempts left
}
