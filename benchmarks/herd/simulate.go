package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/herd/report"
	"github.com/goaroundhq/goaround/benchmarks/herd/rivals"
	"github.com/goaroundhq/goaround/benchmarks/herd/sim"
)

// simulate runs the cases and shows them.
func simulate(ctx context.Context, o options, out, progress io.Writer) error {
	var sections []report.Section
	var first []sim.Outcome
	cases := o.cases()
	if len(cases) == 0 {
		return fmt.Errorf("no case has %q in its name", o.which)
	}
	if len(o.strategies(cases[0])) == 0 {
		return fmt.Errorf("no strategy has %q in its name", o.only)
	}
	for i, c := range cases {
		start := time.Now()
		outcomes, err := runCase(ctx, c, o.strategies(c), o.seeds(i, c))
		if err != nil {
			return err
		}
		if i == 0 {
			first = firsts(outcomes)
		}
		s := report.Section{Case: c.Name, Ideal: c.Ideal(c.Callers).Seconds(), Rows: rows(outcomes)}
		sections = append(sections, s)
		fmt.Fprintf(progress, "%s: %.1f s\n", c.Name, time.Since(start).Seconds())
		if !o.json {
			if err := report.Text(out, s); err != nil {
				return err
			}
		}
	}
	if o.write != "" {
		if err := writeSimulated(o, sections, cases[0], first); err != nil {
			return err
		}
	}
	if o.json {
		return report.JSON(out, document(o, cases[0], sections))
	}
	return nil
}

// cases are what the flags ask for.
func (o options) cases() []sim.Case {
	all := append([]sim.Case{rivals.Main()}, rivals.Cases()...)
	if o.full {
		all = append(all, rivals.Sensitivity()...)
	}
	if o.isOwn {
		own := o.own
		own.Name = fmt.Sprintf("N=%d, C=%g/s", own.Callers, own.Capacity)
		all = []sim.Case{own}
	}
	var chosen []sim.Case
	for _, c := range all {
		if c.Name == o.which {
			return []sim.Case{c.Defaults()}
		}
		if strings.Contains(c.Name, o.which) {
			chosen = append(chosen, c.Defaults())
		}
	}
	return chosen
}

func (o options) strategies(c sim.Case) []sim.Strategy {
	var chosen []sim.Strategy
	for _, s := range rivals.All(c.Capacity) {
		if strings.Contains(s.Name, o.only) {
			chosen = append(chosen, s)
		}
	}
	return chosen
}

// crowd is how many callers are so many that streams hardly differ, and take long.
const crowd = 5000

// seeds are the random streams of the i-th case.
func (o options) seeds(i int, c sim.Case) []uint64 {
	n := o.streams
	switch {
	case i > 0 && c.Callers >= crowd:
		n = (n + 9) / 10
	case i > 0:
		n = (n + 2) / 3
	}
	var seeds []uint64
	for s := range n {
		seeds = append(seeds, uint64(o.seed+s))
	}
	return seeds
}

// result is what came of a strategy, by stream.
type result struct {
	strategy sim.Strategy
	outcomes []sim.Outcome
}

// runCase simulates all streams of all strategies, as many at a time as there are
// processors. Each is by itself, so the order in which they end does not matter.
func runCase(ctx context.Context, c sim.Case, strategies []sim.Strategy, seeds []uint64) ([]result, error) {
	results := make([]result, len(strategies))
	running := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for i, s := range strategies {
		results[i] = result{s, make([]sim.Outcome, len(seeds))}
		for j, seed := range seeds {
			running <- struct{}{}
			if ctx.Err() != nil {
				wg.Wait()
				return nil, errors.New("interrupted")
			}
			wg.Go(func() {
				results[i].outcomes[j] = sim.Run(c, s, seed)
				<-running
			})
		}
	}
	wg.Wait()
	return results, nil
}

func rows(results []result) []report.Row {
	var rows []report.Row
	for _, r := range results {
		rows = append(rows, report.NewRow(r.strategy.Name, r.strategy.Ours, r.outcomes))
	}
	return rows
}

// firsts are the outcomes of the first stream, for the plots.
func firsts(results []result) []sim.Outcome {
	var outcomes []sim.Outcome
	for _, r := range results {
		outcomes = append(outcomes, r.outcomes[0])
	}
	return outcomes
}

// document is what is printed as JSON.
func document(o options, c sim.Case, sections []report.Section) report.Document {
	return report.Document{
		Kind: o.kind(),
		Settings: map[string]any{
			"callers": c.Callers, "processes": c.Processes, "capacity_per_second": c.Capacity,
			"outage_s": c.Outage.Seconds(), "reject_cost": max(c.RejectCost, 0), "horizon_s": c.Horizon.Seconds(),
			"streams": o.streams, "first_seed": o.seed,
		},
		Section: sections[0],
		Cases:   sections[1:],
	}
}
