package idem_test

import (
	"context"
	"fmt"

	"github.com/goaroundhq/goaround/idem"
)

// A queue may deliver a message twice; its effect takes place once.
func ExampleDo() {
	ctx := context.Background()
	guard := idem.NewGuard(idem.NewMemory())
	charged := 0
	charge := func(context.Context) (string, error) {
		charged++
		return fmt.Sprintf("receipt %d", charged), nil
	}
	for _, messageID := range []string{"message-1", "message-2", "message-1"} {
		op := idem.Operation{Name: "charge", Scope: "customer-7", Key: messageID}
		receipt, err := idem.Do(ctx, guard, op, func(ctx context.Context) (string, error) {
			return charge(ctx)
		})
		fmt.Println(messageID, receipt, err)
	}
	fmt.Println("charged", charged, "times")
	// Output:
	// message-1 receipt 1 <nil>
	// message-2 receipt 2 <nil>
	// message-1 receipt 1 <nil>
	// charged 2 times
}

// A key made from what the operation is: the same in every process, at any time.
func ExampleDerive() {
	key, err := idem.Derive("create_order", map[string]any{"order": "A-17", "quantity": 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	again, _ := idem.Derive("create_order", struct {
		Quantity int    `json:"quantity"`
		Order    string `json:"order"`
	}{2, "A-17"})
	fmt.Println(len(key), key == again)
	// Output: 64 true
}

// A key can be made early and kept with the order, so that an attempt after a restart of
// the client is still the same operation.
func ExampleWithKey() {
	stored := "0192e5a0-0000-7000-8000-000000000017" // from the client's own database
	ctx := idem.WithKey(context.Background(), stored)
	key, _ := idem.KeyFrom(ctx) // what the transport will send
	fmt.Println(key)
	// Output: 0192e5a0-0000-7000-8000-000000000017
}

// The quoted form of the IETF draft and the bare form are the same key.
func ExampleParseHeader() {
	for _, value := range []string{`"order-17"`, `order-17`, `order-17, order-18`} {
		key, err := idem.ParseHeader([]string{value})
		fmt.Printf("%q %v\n", key, err)
	}
	// Output:
	// "order-17" <nil>
	// "order-17" <nil>
	// "" idem: idempotency key invalid: quote or comma in a bare key
}
