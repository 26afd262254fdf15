package main

import (
	"context"
	"fmt"

	"github.com/goaroundhq/goaround/idem"
)

// showCommand shows one record.
type showCommand struct {
	target `embed:""`
	JSON   bool `help:"As one JSON object."`
}

// Run is called by kong.
func (s *showCommand) Run(ctx context.Context, c *console, store idem.Admin) error {
	id, err := s.id()
	if err != nil {
		return err
	}
	info, err := find(ctx, store, id)
	if err != nil {
		return err
	}
	if s.JSON {
		return writeJSON(c.out, info)
	}
	if err := writeRecord(c.out, info); err != nil {
		return err
	}
	fmt.Fprintf(c.err, "\n%s\n", meaning(info.State))
	return nil
}

// find returns the record, and an error when there is none.
func find(ctx context.Context, store idem.Admin, id idem.ID) (idem.Info, error) {
	info, err := store.Get(ctx, id)
	if err == nil && info.State == idem.Absent {
		err = fmt.Errorf("%w: the store has no record %v: its lifetime is over, it never was, or the operation is another one",
			idem.ErrLost, id)
	}
	return info, err
}

// meaning says what a state is to an operator.
func meaning(s idem.State) string {
	switch s {
	case idem.Unknown:
		return "It was started, and nobody can say how it ended. Repetitions are refused, unless it is of those\n" +
			"that may run again (at-least-once). Find out whether it happened, and then resolve it."
	case idem.Pending:
		return "It runs now. If its process has died, it reads as unknown when the lease is over."
	default:
		return "It is complete, and repetitions get what is stored."
	}
}
