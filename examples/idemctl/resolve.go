package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/goaroundhq/goaround/idem"
)

// resolveCommand ends an unknown record.
type resolveCommand struct {
	target  `embed:""`
	outcome `embed:""`
	Fence   uint64 `placeholder:"N" help:"Only the run with this fence, as list shows it: what was found out is of that one."`
	Yes     bool   `short:"y" help:"Do not ask."`
}

// Validate is called by kong.
func (r *resolveCommand) Validate() error {
	if err := r.target.Validate(); err != nil {
		return err
	}
	return r.check(r.operation)
}

// Run is called by kong.
func (r *resolveCommand) Run(ctx context.Context, c *console, store idem.Admin) error {
	id, err := r.id()
	if err != nil {
		return err
	}
	resolution, plan, err := r.resolution()
	if err != nil {
		return err
	}
	info, err := find(ctx, store, id)
	if err != nil {
		return err
	}
	if err := writeRecord(c.err, info); err != nil {
		return err
	}
	if info.State != idem.Unknown {
		return fmt.Errorf("%w but %v: nothing was changed. %s", idem.ErrResolve, info.State, meaning(info.State))
	}
	if r.Fence != 0 && r.Fence != info.Fence {
		return fmt.Errorf("the record is of another run by now, with fence %d: nothing was changed", info.Fence)
	}
	fmt.Fprintf(c.err, "\n%s\n", plan)
	if err := c.confirm("Resolve it so?", r.Yes); err != nil {
		return err
	}
	resolution.Fence = info.Fence // what was shown is what is resolved, and no run that came meanwhile
	err = store.Resolve(ctx, id, resolution)
	switch {
	case errors.Is(err, idem.ErrResolve), errors.Is(err, idem.ErrLost):
		return fmt.Errorf("somebody else was quicker, nothing was changed: %w", err)
	case err != nil:
		return err
	}
	_, err = fmt.Fprintf(c.out, "%v: resolved, %s\n", id, r.verdict())
	return err
}
