package idemseal_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemseal"
)

// What the store keeps of a result cannot be read there.
func ExampleNew() {
	ctx := context.Background()
	kept := idem.NewMemory() // stands for a store elsewhere
	guard := idem.NewGuard(idemseal.New(kept, idemseal.Key{ID: 1, Secret: secret()}))
	op := idem.Operation{Name: "charge", Scope: "customer-7", Key: "order-17"}
	fmt.Println(idem.Do(ctx, guard, op, func(context.Context) (string, error) { return "receipt 1", nil }))

	found, err := kept.Claim(ctx, idem.ClaimRequest{
		ID:    idem.NewID(op.Namespace, op.Scope, "", op.Name, op.Key),
		Owner: idem.NewOwner(), Lease: idem.DefaultLease, TTL: idem.DefaultTTL,
	})
	fmt.Println(found.State, bytes.Contains(found.Record, []byte("receipt")), err)
	// Output:
	// receipt 1 <nil>
	// done false <nil>
}
