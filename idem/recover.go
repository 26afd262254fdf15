package idem

import (
	"context"
	"errors"
	"fmt"
)

// RecoverFunc finds out how an operation ended whose outcome is not known, for example by
// asking the service that it called. It returns what is to be recorded: State Done with
// the Record that repetitions get, or State Absent when nothing happened and the
// operation may run. A TTL of 0 means the guard's, a Fingerprint of nil that of the claim,
// and the Fence is filled in. With an error the outcome stays unknown.
//
// It must be sure. Absent while the operation is still on its way somewhere lets it
// happen twice.
type RecoverFunc func(ctx context.Context) (Resolution, error)

// Recover resolves an unknown outcome: when result, which [Guard.Claim] returned for id,
// is Unknown, it asks look, records the answer and claims again. Other results it returns
// as they are, and so an unknown one of an [AtLeastOnce] guard, which has other content.
// When look or the store fails, the error matches ErrUnknown and comes with the unknown
// result; a store that is no [Admin] fails with errors.ErrUnsupported. Other errors are
// those of the second claim.
func (g *Guard) Recover(ctx context.Context, id ID, fingerprint []byte, result ClaimResult, look RecoverFunc) (ClaimResult, error) {
	if result.State != Unknown || g.guarantee == AtLeastOnce || differ(fingerprint, result.Fingerprint) {
		return result, nil
	}
	admin := AdminOf(g.store)
	if l, ok := admin.(lacking); ok {
		return result, fmt.Errorf("%w: %w", ErrUnknown, l.err("resolve"))
	}
	// What look finds out is true of the run that is unknown now, and of no later one.
	var info Info
	detached := context.WithoutCancel(ctx)
	err := g.bounded(detached, func(ctx context.Context) (err error) {
		info, err = admin.Get(ctx, id)
		return err
	})
	if err != nil {
		return result, fmt.Errorf("%w: recover: %w", ErrUnknown, err)
	}
	if info.State == Unknown {
		truth, err := look(ctx)
		if err != nil {
			return result, fmt.Errorf("%w: recover: %w", ErrUnknown, err)
		}
		if truth.Fingerprint == nil { // else the key could be used again for other content
			truth.Fingerprint = result.Fingerprint
		}
		if err := g.resolve(detached, admin, info, truth); err != nil {
			return result, fmt.Errorf("%w: resolve: %w", ErrUnknown, err)
		}
	}
	return g.Claim(ctx, id, fingerprint)
}

// resolve records the truth about the run that info describes. When somebody else was as
// quick, what they found stands.
func (g *Guard) resolve(ctx context.Context, admin Admin, info Info, truth Resolution) error {
	truth.Fence = info.Fence
	if truth.TTL == 0 {
		truth.TTL = g.ttl
	}
	err := g.bounded(ctx, func(ctx context.Context) error { return admin.Resolve(ctx, info.ID, truth) })
	if errors.Is(err, ErrResolve) || errors.Is(err, ErrLost) {
		return nil
	}
	return err
}
