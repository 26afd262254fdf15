package idemtest

import (
	"bytes"
	"context"
	"math"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

func (d *disturbed) Claim(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
	r.Fingerprint = bytes.Clone(r.Fingerprint) // the caller has it back before a late request lands
	return send(ctx, d, OpClaim, r.ID, func(ctx context.Context, f Fault) (idem.ClaimResult, error) {
		r := r
		r.Lease, r.TTL = f.jumped(r.Lease, r.TTL)
		result, err := d.store.Claim(ctx, r)
		if f.Forget && err == nil && result.State == idem.Acquired {
			err = d.store.Release(ctx, result.Claim)
		}
		return result, err
	})
}

func (d *disturbed) Extend(ctx context.Context, c idem.Claim, lease time.Duration) error {
	return d.tell(ctx, OpExtend, c.ID, func(ctx context.Context, f Fault) error {
		jumped, _ := f.jumped(lease, math.MaxInt64)
		return d.store.Extend(ctx, c, jumped)
	})
}

func (d *disturbed) Complete(ctx context.Context, c idem.Claim, fingerprint, record []byte, ttl time.Duration) error {
	fingerprint, record = bytes.Clone(fingerprint), bytes.Clone(record)
	return d.tell(ctx, OpComplete, c.ID, func(ctx context.Context, f Fault) error {
		jumped, _ := f.jumped(ttl, math.MaxInt64)
		return d.store.Complete(ctx, c, fingerprint, record, jumped)
	})
}

func (d *disturbed) Release(ctx context.Context, c idem.Claim) error {
	return d.tell(ctx, OpRelease, c.ID, func(ctx context.Context, _ Fault) error {
		return d.store.Release(ctx, c)
	})
}

func (d *disturbed) Abandon(ctx context.Context, c idem.Claim, reason string) error {
	return d.tell(ctx, OpAbandon, c.ID, func(ctx context.Context, _ Fault) error {
		return d.store.Abandon(ctx, c, reason)
	})
}

func (d *disturbed) Wait(ctx context.Context, id idem.ID) error {
	return d.tell(ctx, OpWait, id, func(ctx context.Context, _ Fault) error {
		return idem.WaiterOf(d.store).Wait(ctx, id)
	})
}

func (d *disturbed) Recall(id idem.ID) (idem.ClaimResult, bool) {
	if d.recaller == nil {
		return idem.ClaimResult{}, false
	}
	return d.recaller.Recall(id)
}
