package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"

	"github.com/goaroundhq/goaround/benchmarks/herd/rivals"
	"github.com/goaroundhq/goaround/benchmarks/herd/sim"
)

// bar is what a strategy has to show in a case.
type bar struct {
	of       sim.Case
	strategy string
	what     string
	measure  func(o, undisturbed sim.Outcome) float64 // undisturbed: of rivals.Main, same stream
	most     float64
}

const (
	cold, prior           = "ours, fleet, cold", "ours, fleet, prior C"
	gatedCold, gatedPrior = "ours, fleet, gated, cold", "ours, fleet, gated, prior C"
	priorLow, priorHigh   = "ours, fleet, prior 0.5 C", "ours, fleet, prior 2 C"
)

func drain(o, _ sim.Outcome) float64  { return o.DrainOverIdeal() }
func calls(o, _ sim.Outcome) float64  { return o.CallsPerSuccess() }
func peak(o, _ sim.Outcome) float64   { return o.PeakOverCapacity() }
func stores(o, _ sim.Outcome) float64 { return o.StoresPerPaced() }

func later(o, undisturbed sim.Outcome) float64 { return (o.Drain - undisturbed.Drain).Seconds() }

// bars are those of the design. A drain is in parts of the ideal one, a peak in parts of
// the capacity, calls are by success and calls of the store by retry. How much later a lost
// push makes the last success is in seconds.
func bars() []bar {
	herd := rivals.Main()
	large, small, half, storeless, lost := herd, herd, herd, herd, herd
	large.Name, large.Callers = "N=10000", 10000
	small.Name, small.Callers = "N=100", 100
	half.Name, half.ReturnAt = "half capacity", 0.5
	storeless.Name, storeless.Storeless = "20 % without store", 0.2
	lost.Name, lost.LosePushes = "a push lost", 1
	return []bar{
		{herd, prior, "drain", drain, 1.10},
		{herd, cold, "drain", drain, 1.25},
		{herd, priorLow, "drain", drain, 1.30},
		{herd, priorHigh, "drain", drain, 1.25},
		{herd, prior, "calls", calls, 2.1},
		{herd, cold, "calls", calls, 2.1},
		{herd, gatedPrior, "calls", calls, 1.1},
		{herd, gatedCold, "calls", calls, 1.1},
		{herd, prior, "peak", peak, 1.5},
		{herd, cold, "peak", peak, 1.5},
		{herd, prior, "store", stores, 1},
		{herd, cold, "store", stores, 1},
		{large, prior, "drain", drain, 1.05},
		{large, cold, "drain", drain, 1.05},
		{small, prior, "drain", drain, 1.5},
		{small, cold, "drain", drain, 1.5},
		{half, prior, "drain", drain, 1.15},
		{half, cold, "drain", drain, 1.15},
		{storeless, prior, "drain", drain, 1.2},
		{storeless, cold, "drain", drain, 1.2},
		{lost, prior, "later", later, 2},
		{lost, cold, "later", later, 2},
	}
}

// held is a bar with what was measured. Where not everyone was served, the worst is
// infinite.
type held struct {
	bar
	median, worst float64
}

// verdict says how well a bar is kept: chance makes some streams worse than others.
func (h held) verdict() string {
	switch {
	case kept(h.worst, h.most):
		return "kept"
	case kept(h.median, h.most):
		return "not in every stream"
	default:
		return "MISSED"
	}
}

// kept compares what is shown: bars have two digits.
func kept(measured, most float64) bool { return math.Round(measured*100) <= math.Round(most*100) }

// hold simulates what the bars are about, each strategy of each case once.
func hold(ctx context.Context, bars []bar, seeds []uint64) ([]held, error) {
	known := map[string][]sim.Outcome{}
	outcomes := func(c sim.Case, strategy string) ([]sim.Outcome, error) {
		key := c.Name + "\n" + strategy
		if known[key] == nil {
			results, err := runCase(ctx, c, strategiesNamed(strategy, c), seeds)
			if err != nil {
				return nil, err
			}
			known[key] = results[0].outcomes
		}
		return known[key], nil
	}
	var all []held
	for _, b := range bars {
		got, err := outcomes(b.of, b.strategy)
		if err != nil {
			return nil, err
		}
		undisturbed, err := outcomes(rivals.Main(), b.strategy)
		if err != nil {
			return nil, err
		}
		values := make([]float64, len(got))
		for i, o := range got {
			values[i] = b.measure(o, undisturbed[i])
			if o.Done < o.Callers {
				values[i] = math.Inf(1)
			}
		}
		slices.Sort(values)
		all = append(all, held{b, values[len(values)/2], values[len(values)-1]})
	}
	return all, nil
}

func strategiesNamed(name string, c sim.Case) []sim.Strategy {
	for _, s := range rivals.Pacers(c.Defaults().Capacity) {
		if s.Name == name {
			return []sim.Strategy{s}
		}
	}
	panic("no strategy " + name)
}

// holdBars shows the bars, and fails when one is missed by the median of the streams.
func holdBars(ctx context.Context, o options, out io.Writer) error {
	all, err := hold(ctx, bars(), o.seeds(0, rivals.Main()))
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "case\tstrategy\twhat\tbar\tmedian\tworst\t")
	missed := 0
	for _, h := range all {
		fmt.Fprintf(t, "%s\t%s\t%s\t%.2f\t%.2f\t%.2f\t%s\n", h.of.Name, h.strategy, h.what, h.most, h.median, h.worst, h.verdict())
		if !kept(h.median, h.most) {
			missed++
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if missed > 0 {
		return fmt.Errorf("%d of %d bars missed by the median of the streams", missed, len(all))
	}
	return nil
}
