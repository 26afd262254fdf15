package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/goaroundhq/goaround/idem"
)

// purgeCommand forgets a record.
type purgeCommand struct {
	target `embed:""`
	Yes    bool `short:"y" help:"Do not ask."`
}

// Run is called by kong. A record that cannot be read can be purged all the same.
func (p *purgeCommand) Run(ctx context.Context, c *console, store idem.Admin) error {
	id, err := p.id()
	if err != nil {
		return err
	}
	info, err := find(ctx, store, id)
	if errors.Is(err, idem.ErrLost) {
		return err
	}
	if err != nil {
		fmt.Fprintf(c.err, "The record cannot be read: %v\n", err)
	} else if err := writeRecord(c.err, info); err != nil {
		return err
	}
	fmt.Fprintf(c.err, "\n%s\n", loss(info.State))
	if err := c.confirm("Forget it?", p.Yes); err != nil {
		return err
	}
	if err := store.Purge(ctx, id); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "%v: forgotten\n", id)
	return err
}

// loss says what is lost with a record.
func loss(s idem.State) string {
	switch s {
	case idem.Pending:
		return "WARNING: it runs now. The next request with its key will run it a second time, beside the first."
	case idem.Unknown:
		return "It may have happened. The next request with its key will run it again; resolve is safer."
	default:
		return "The next request with its key will run it again."
	}
}
