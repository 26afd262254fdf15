package idem_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// A guard is made once per process. This one lets repetitions wait for the first run, notices
// within ten seconds that a process has died, and remembers results for a week.
func ExampleNewGuard() {
	guard := idem.NewGuard(idem.NewMemory(),
		idem.WithWait(2*time.Second),
		idem.WithLease(10*time.Second),
		idem.WithTTL(7*24*time.Hour),
		idem.WithGuardObserver(idem.Observer{
			Ended: func(_ context.Context, info idem.EndedInfo) {
				fmt.Println("attempt", info.Claim.Attempt, info.Ending, info.Err)
			},
		}),
	)
	op := idem.Operation{Name: "charge", Scope: "customer-7", Key: "order-17"}
	for range 2 {
		fmt.Println(idem.Do(context.Background(), guard, op, func(context.Context) (string, error) { return "receipt 1", nil }))
	}
	// Output:
	// attempt 1 completed <nil>
	// receipt 1 <nil>
	// receipt 1 <nil>
}

// What Do does, step by step, for records of a form of your own. Do is simpler where it will do.
func ExampleGuard() {
	ctx := context.Background()
	guard := idem.NewGuard(idem.NewMemory())
	run := func(key string) (string, error) {
		id := idem.NewID("shop", "customer-7", "", "charge", key)
		result, err := guard.Claim(ctx, id, nil)
		if err != nil {
			return "", err // the store did not answer, so nothing may run
		}
		switch result.State {
		case idem.Acquired:
			var held idem.Held
			guard.Hold(ctx, result.Claim, key, &held)
			receipt := "receipt of attempt 1" // the operation, with held.Context()
			return receipt, held.Complete(nil, []byte(receipt), nil)
		case idem.Done:
			return "again: " + string(result.Record), nil
		case idem.Pending:
			return "", idem.ErrInProgress
		default:
			return "", idem.ErrUnknown
		}
	}
	fmt.Println(run("order-17"))
	fmt.Println(run("order-17"))
	// Output:
	// receipt of attempt 1 <nil>
	// again: receipt of attempt 1 <nil>
}

// A key is made once, before the first attempt, and kept with the order.
func ExampleNewKey() {
	key := idem.NewKey()
	made, ok := idem.KeyTime(key)
	fmt.Println(len(key), ok, time.Since(made) < time.Minute)
	// Output: 36 true true
}

// The bank knows whether a charge was made whose outcome is unknown here.
func ExampleOperation() {
	guard := idem.NewGuard(idem.NewMemory())
	op := idem.Operation{
		Name: "charge", Scope: "customer-7", Key: "order-17",
		Params: map[string]int{"cents": 999}, // the same key with another amount is ErrKeyReused
		Recover: func(context.Context) (idem.Resolution, error) {
			result, err := idem.EncodeResult("charged, says the bank")
			return idem.Resolution{State: idem.Done, Record: result}, err
		},
	}
	charge := func() (string, error) {
		return idem.Do(context.Background(), guard, op, func(context.Context) (string, error) {
			return "", errors.New("no answer from the bank")
		})
	}
	_, err := charge()
	fmt.Println(err)
	fmt.Println(charge())

	op.Params = map[string]int{"cents": 99900}
	_, err = charge()
	fmt.Println(errors.Is(err, idem.ErrKeyReused))
	// Output:
	// no answer from the bank
	// charged, says the bank <nil>
	// true
}

// An operation sees its own claim: a service that remembers the highest fence refuses a run that
// was overtaken.
func ExampleFromContext() {
	guard := idem.NewGuard(idem.NewMemory())
	op := idem.Operation{Name: "charge", Scope: "customer-7", Key: "order-17"}
	fmt.Println(idem.Do(context.Background(), guard, op, func(ctx context.Context) (uint32, error) {
		attempt, _ := idem.FromContext(ctx)
		return attempt.Number, nil // attempt.Fence goes to the service
	}))
	// Output: 1 <nil>
}
