package idem

import (
	"context"
	"errors"
	"fmt"
)

// RecoverFunc finds out how an operation ended whose outcome is not known, for example by
// asking the service that it called. It returns what is to be recorded: State Done with
// the Record that repetitions get, or State Absent when nothing happened and the
// operation may run. A TTL of 0 means the guard's. With an error the outcome stays
// unknown.
//
// It must be sure. Absent while the operation is still on its way somewhere lets it
// happen twice.
type RecoverFunc func(ctx context.Context) (Resolution, error)

// Recover resolves an unknown outcome: when result, which [Guard.Claim] returned for id,
// is Unknown, it asks look, records the answer and claims again. Other results it returns
// as they are, and so an unknown one of an [AtLeastOnce] guard, which has other content.
// When look or the store fails, the error
// matches ErrUnknown and comes with the unknown result; a store that is no [Admin] fails
// with errors.ErrUnsupported.
func (g *Guard) Recover(ctx context.Context, id ID, fingerprint []byte, result ClaimResult, look RecoverFunc) (ClaimResult, error) {
	if result.State != Unknown || g.guarantee == AtLeastOnce || differ(fingerprint, result.Fingerprint) {
		return result, nil
	}
	admin := AdminOf(g.store)
	if l, ok := admin.(lacking); ok {
		return result, fmt.Errorf("%w: %w", ErrUnknown, l.err("resolve"))
	}
	truth, err := look(ctx)
	if err != nil {
		return result, fmt.Errorf("%w: recover: %w", ErrUnknown, err)
	}
	if truth.TTL == 0 {
		truth.TTL = g.ttl
	}
	err = g.bounded(context.WithoutCancel(ctx), func(ctx context.Context) error { return admin.Resolve(ctx, id, truth) })
	// Somebody else may have been as quick: what they found stands.
	if err != nil && !errors.Is(err, ErrResolve) && !errors.Is(err, ErrLost) {
		return result, fmt.Errorf("%w: resolve: %w", ErrUnknown, err)
	}
	return g.Claim(ctx, id, fingerprint)
}
