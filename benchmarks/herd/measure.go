package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/herd/real"
	"github.com/goaroundhq/goaround/benchmarks/herd/report"
	"github.com/goaroundhq/goaround/benchmarks/herd/sim"
)

// measure runs the real thing and shows it.
func measure(ctx context.Context, o options, out, progress io.Writer) error {
	names := real.Names(o.only)
	if len(names) == 0 {
		return fmt.Errorf("no strategy of the real run has %q in its name", o.only)
	}
	c := o.own
	c.Name = fmt.Sprintf("%d callers in %d processes, C=%g/s", c.Callers, c.Processes, c.Capacity)
	s := report.Section{Case: c.Name, Ideal: c.Ideal(c.Callers).Seconds()}
	var outcomes []sim.Outcome
	start := time.Now()
	err := real.Run(ctx, c, names, uint64(o.seed), func(ran sim.Outcome) {
		outcomes = append(outcomes, ran)
		s.Rows = append(s.Rows, report.NewRow(ran.Strategy, real.Ours(ran.Strategy), []sim.Outcome{ran}))
		fmt.Fprintf(progress, "%s: %.1f s\n", ran.Strategy, time.Since(start).Seconds())
		start = time.Now()
	})
	if err != nil {
		return err
	}
	if o.write != "" {
		if err := writeMeasured(o, s, c, outcomes); err != nil {
			return err
		}
	}
	if o.json {
		return report.JSON(out, document(o, c, []report.Section{s}))
	}
	return report.Text(out, s)
}

func writeMeasured(o options, s report.Section, c sim.Case, outcomes []sim.Outcome) error {
	var text bytes.Buffer
	fmt.Fprintf(&text, "Measured once with `go run ./herd -real`: processes of their own for the callers and for the server,\n"+
		"HTTP over loopback, a Redis by a socket. An outage of %g s, a refusal costs %.0f %% of a call's work,\n"+
		"nobody waits longer than %g s.\n\n", c.Outage.Seconds(), 100*max(c.RejectCost, 0), c.Horizon.Seconds())
	var names []string
	for _, r := range s.Rows {
		names = append(names, r.Name)
	}
	if err := plotAll(o.write, "real", c, outcomes, names, names, &text); err != nil {
		return err
	}
	if err := plotFront(o.write, c, outcomes); err != nil {
		return err
	}
	return writeResults(o.write, "real", "Measured", &text, []report.Section{s})
}
