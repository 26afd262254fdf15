package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/goaroundhq/goaround/idem"
)

// listCommand lists records.
type listCommand struct {
	State string `enum:"any,unknown,pending,done" default:"any" help:"Only records in this state: ${enum}."`
	Limit *int   `placeholder:"N" help:"At most so many records; 0 for all. The default is 100 for the table, and all with --json."`
	JSON  bool   `help:"One JSON object a line, as they are found and in no order."`
}

const tableLimit = 100

// Validate is called by kong.
func (l *listCommand) Validate() error {
	if l.Limit != nil && *l.Limit < 0 {
		return fmt.Errorf("--limit %d: must not be negative", *l.Limit)
	}
	return nil
}

// Run is called by kong.
func (l *listCommand) Run(ctx context.Context, c *console, store idem.Admin) error {
	if l.JSON {
		return l.stream(ctx, c, store)
	}
	return l.table(ctx, c, store)
}

// stream writes records as they come, however many there are.
func (l *listCommand) stream(ctx context.Context, c *console, store idem.Admin) error {
	written := 0
	for info, err := range store.Scan(ctx) {
		if err != nil {
			return err
		}
		if !l.wants(info) {
			continue
		}
		if err := writeJSON(c.out, info); err != nil {
			return err
		}
		if written++; l.Limit != nil && written == *l.Limit {
			return nil
		}
	}
	return nil
}

// table writes those records of all that come first in the order. What was found before
// an error is shown.
func (l *listCommand) table(ctx context.Context, c *console, store idem.Admin) error {
	limit := tableLimit
	if l.Limit != nil {
		limit = *l.Limit
	}
	first := first{limit: limit, held: make(map[idem.ID]idem.Info)}
	var failed error
	for info, err := range store.Scan(ctx) {
		if err != nil {
			failed = err
		} else if l.wants(info) {
			first.add(info)
		}
	}
	infos := first.sorted()
	if len(infos) > 0 {
		if err := writeTable(c.out, infos); err != nil {
			return err
		}
	}
	switch {
	case first.added > len(infos):
		fmt.Fprintf(c.err, "%d of about %d records; --limit 0 shows all\n", len(infos), first.added)
	case len(infos) == 0 && failed == nil:
		fmt.Fprintln(c.err, "no records")
	}
	return failed
}

func (l *listCommand) wants(i idem.Info) bool { return l.State == "any" || l.State == i.State.String() }

// first keeps the first records in the order, in memory for twice their number. A store
// may show a record twice.
type first struct {
	limit int // 0 for no limit
	held  map[idem.ID]idem.Info
	added int
}

func (f *first) add(i idem.Info) {
	if _, again := f.held[i.ID]; !again {
		f.added++
	}
	f.held[i.ID] = i
	if f.limit > 0 && len(f.held) >= 2*f.limit {
		for _, late := range f.ordered()[f.limit:] {
			delete(f.held, late.ID)
		}
	}
}

func (f *first) sorted() []idem.Info {
	infos := f.ordered()
	if f.limit > 0 && len(infos) > f.limit {
		infos = infos[:f.limit]
	}
	return infos
}

func (f *first) ordered() []idem.Info {
	infos := make([]idem.Info, 0, len(f.held))
	for _, i := range f.held {
		infos = append(infos, i)
	}
	slices.SortFunc(infos, order)
	return infos
}

// order puts what needs an operator first, then what runs, each with the oldest first.
func order(a, b idem.Info) int {
	return cmp.Or(
		cmp.Compare(urgency(a.State), urgency(b.State)),
		cmp.Compare(b.Age, a.Age),
		slices.Compare(a.ID[:], b.ID[:]),
	)
}

func urgency(s idem.State) int {
	switch s {
	case idem.Unknown:
		return 0
	case idem.Pending:
		return 1
	default:
		return 2
	}
}
