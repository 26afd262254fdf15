package slot_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
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
		if err != nil { // slot.ErrAttempts here
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

// One queue per process paces all its calls; here of a target that is down for a moment.
func ExampleQueue() {
	queue := slot.NewQueue(slot.WithInitialRate(100)) // with slot.WithStore(slotredis.New(client)) for a fleet
	plan := &slot.Plan{Pacer: queue}
	up := time.Now().Add(200 * time.Millisecond)

	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() {
			_, err := slot.Do(context.Background(), plan, "warehouse", func(context.Context) (string, error) {
				if time.Now().Before(up) {
					return "", errors.New("down")
				}
				return "ok", nil
			})
			if err != nil {
				fmt.Println(err)
			}
		})
	}
	callers.Wait()
	fmt.Println("all are served")
	// Output: all are served
}

// What is not HTTP is tried again by a function.
func ExampleDo() {
	plan := &slot.Plan{MaxAttempts: 4, Backoff: slot.FullJitter{Base: time.Millisecond}}
	errBusy, errUnknown := errors.New("busy"), errors.New("no such order")
	attempts := 0

	status, err := slot.Do(context.Background(), plan, "orders", func(context.Context) (string, error) {
		if attempts++; attempts < 3 {
			return "", errBusy
		}
		return "shipped", nil
	})
	fmt.Println(status, err, attempts)

	_, err = slot.Do(context.Background(), plan, "orders", func(context.Context) (string, error) {
		return "", slot.Permanent(errUnknown) // trying again does not help
	})
	fmt.Println(err)

	_, err = slot.Do(context.Background(), plan, "orders", func(context.Context) (string, error) { return "", errBusy })
	fmt.Println(err)
	// Output:
	// shipped <nil> 3
	// no such order
	// slot: gave up on orders after 4 attempts (slot: no attempts left): busy
}

// Ten callers who failed together come back one after the other.
func ExampleRing() {
	ring := &slot.Ring{
		Count: 10, Width: 100 * time.Millisecond, ServiceID: "order-service-1",
		// Counter: slotredis.NewCounter(client) deals the slots out to a fleet
	}
	for range 3 {
		r, err := ring.Reserve(context.Background(), "https://api.example.com:443", slot.Feedback{Attempt: 1, Result: slot.Failed})
		if err != nil {
			return
		}
		_ = r.Delay() // in slot 1, 2, 3: from 100, 200, 300 ms on, at a random place in it
	}
	fmt.Println("dealt")
	// Output: dealt
}
