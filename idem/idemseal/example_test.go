package idemseal_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemseal"
)

// A new key seals from now on, and what the old one sealed can still be read.
func ExampleWithOldKey() {
	kept := idem.NewMemory() // stands for a store elsewhere
	march := idemseal.Key{ID: 1, Secret: secret()}
	april := idemseal.Key{ID: 2, Secret: secret()}
	op := idem.Operation{Name: "charge", Scope: "customer-7", Key: "order-17"}
	charge := func(context.Context) (string, error) { return "receipt 1", nil }

	before := idem.NewGuard(idemseal.New(kept, march))
	fmt.Println(idem.Do(context.Background(), before, op, charge))

	after := idem.NewGuard(idemseal.New(kept, april, idemseal.WithOldKey(march)))
	fmt.Println(idem.Do(context.Background(), after, op, charge))

	forgetful := idem.NewGuard(idemseal.New(kept, april))
	fmt.Println(idem.Do(context.Background(), forgetful, op, charge))
	// Output:
	// receipt 1 <nil>
	// receipt 1 <nil>
	//  idem: result of the operation was not stored: idemseal: key of the record is not known: key 1
}

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

func secret() []byte {
	s := make([]byte, idemseal.SecretLen)
	_, _ = rand.Read(s) // never fails
	return s
}
