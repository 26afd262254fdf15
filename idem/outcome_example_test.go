package idem_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/goaroundhq/goaround/idem"
)

// An operation calls another service, which knows keys as well. Both of its attempts send the
// same key there.
func ExampleDownstreamKey() {
	guard := idem.NewGuard(idem.NewMemory(), idem.WithGuarantee(idem.AtLeastOnce))
	op := idem.Operation{Name: "order", Scope: "customer-7", Key: "order-17"}
	sent := map[string]int{}
	for range 2 {
		_, err := idem.Do(context.Background(), guard, op, func(ctx context.Context) (string, error) {
			key, _ := idem.DownstreamKey(ctx, "payment")
			sent[key]++
			return "", errors.New("the payment service does not answer")
		})
		fmt.Println(err)
	}
	for key, times := range sent {
		fmt.Println(len(key), times)
	}
	// Output:
	// the payment service does not answer
	// the payment service does not answer
	// 64 2
}

// How an operation ends that fails: by an error that everybody gets who asks again, or by one
// after which it may be run again.
func ExampleFinal() {
	guard := idem.NewGuard(idem.NewMemory())
	charge := func(ctx context.Context, key string, result error) error {
		op := idem.Operation{Name: "charge", Scope: "customer-7", Key: key}
		_, err := idem.Do(ctx, guard, op, func(context.Context) (string, error) { return "charged", result })
		return err
	}
	ctx := context.Background()
	fmt.Println(charge(ctx, "a", idem.Final(errors.New("card declined"))))
	fmt.Println(charge(ctx, "a", nil))

	fmt.Println(charge(ctx, "b", idem.NothingHappened(errors.New("not connected"))))
	fmt.Println(charge(ctx, "b", nil))
	// Output:
	// card declined
	// card declined
	// not connected
	// <nil>
}

// An operator finds records whose outcome is unknown, and ends them by what happened.
func ExampleAdmin() {
	ctx := context.Background()
	store := idem.NewMemory()
	guard := idem.NewGuard(store)
	op := idem.Operation{Name: "charge", Scope: "customer-7", Key: "order-17"}
	charge := func(result error) (string, error) {
		return idem.Do(ctx, guard, op, func(context.Context) (string, error) { return "charged now", result })
	}
	_, err := charge(errors.New("no answer from the bank"))
	fmt.Println(err)
	_, err = charge(nil)
	fmt.Println(errors.Is(err, idem.ErrUnknown))

	admin := idem.AdminOf(store)
	for info, err := range admin.Scan(ctx) {
		if err != nil || info.State != idem.Unknown {
			continue
		}
		fmt.Println(info.State, info.Reason)
		happened, err := idem.EncodeResult("charged, says the bank")
		if err != nil {
			fmt.Println(err)
			return
		}
		err = admin.Resolve(ctx, info.ID, idem.Resolution{
			State: idem.Done, Record: happened, TTL: idem.DefaultTTL, Fence: info.Fence,
		})
		if err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(charge(nil))
	// Output:
	// no answer from the bank
	// true
	// unknown no answer from the bank
	// charged, says the bank <nil>
}
