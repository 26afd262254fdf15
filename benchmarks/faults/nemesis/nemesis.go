package nemesis

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goaroundhq/goaround/benchmarks/faults/site"
)

// Nemesis is a kind of harm.
type Nemesis struct {
	Name string
	Doc  string
	// Forgets says that the store may lose claims that it has acknowledged. With a failover
	// it does not when the servers ask for a replica's acknowledgement of each claim.
	Forgets bool
	// Fits reports whether it can harm a site whose store is of that kind.
	Fits func(site.Kind) bool
	// Strike does the harm once and mends it. It reports whether it hit anybody, as it does not
	// when a process has just ended or when there was no answer to lose. It returns an error
	// when it could do either not, and that of a context which ended before the harm was over.
	Strike func(ctx context.Context, w *World) (hit bool, err error)
}

// All are the nemeses there are, by name.
func All() []Nemesis {
	all := slices.Concat(processes(), links(), stores(), redises(), pacers())
	slices.SortFunc(all, func(a, b Nemesis) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Parse returns the nemeses of a list of names with commas. The name all stands for those that
// fit the kind and do not Forget, none for no nemesis. It returns an error for a name that
// there is not, and for one that does not fit.
func Parse(names string, kind site.Kind) ([]Nemesis, error) {
	wanted := make(map[string]bool)
	for name := range strings.SplitSeq(names, ",") {
		wanted[strings.TrimSpace(name)] = true
	}
	var found []Nemesis
	for _, n := range All() {
		switch {
		case wanted[n.Name] && !n.Fits(kind):
			return nil, fmt.Errorf("nemesis: %s cannot harm a store of kind %s", n.Name, kind)
		case wanted[n.Name], wanted["all"] && !n.Forgets && n.Fits(kind):
			found = append(found, n)
		}
		delete(wanted, n.Name)
	}
	delete(wanted, "all")
	delete(wanted, "none")
	if len(wanted) > 0 {
		return nil, fmt.Errorf("nemesis: there is no %q", slices.Sorted(maps.Keys(wanted)))
	}
	return found, nil
}

// always is a Strike that hits whenever it does not fail.
func always(strike func(context.Context, *World) error) func(context.Context, *World) (bool, error) {
	return func(ctx context.Context, w *World) (bool, error) {
		err := strike(ctx, w)
		return err == nil, err
	}
}

// only returns what Fits the kinds.
func only(kinds ...site.Kind) func(site.Kind) bool {
	return func(kind site.Kind) bool { return slices.Contains(kinds, kind) }
}

// anywhere Fits every kind.
func anywhere(site.Kind) bool { return true }
