package main

import (
	"fmt"
	"io"
)

// share is what a benchmark must leave of the throughput of the same work by hand, which
// it measures beside it; 0 is no bar.
type share struct {
	name  string
	bench string
	least float64
}

var shares = []share{
	{name: "Redis, first run, of the same two scripts by hand", bench: "FirstRun/deadlines_with_a_deadline", least: 0.9},
	{name: "the same through an auto-pipelining client", bench: "FirstRun/autopipeline_with_a_deadline"},
}

// shareUnit is the unit that such a benchmark reports.
const shareUnit = "of-hand"

// writeShares prints them as Markdown, and reports whether a bar was missed by the median:
// both sides of a share take turns, so that other load does not favour one.
func writeShares(w io.Writer, shares []share, m measurements) (missed bool, err error) {
	if _, err := fmt.Fprint(w, "\n| throughput left, median | | bar | |\n|---|---|---|---|\n"); err != nil {
		return false, err
	}
	for _, s := range shares {
		samples := m[s.bench]
		if len(samples[shareUnit]) == 0 {
			return false, fmt.Errorf("no %s of %s", shareUnit, s.bench)
		}
		left, verdict, bar := samples.median(shareUnit), "", "-"
		if s.least > 0 {
			verdict, bar = "kept", fmt.Sprintf("%.2f", s.least)
			if left < s.least {
				verdict, missed = "MISSED", true
			}
		}
		if _, err := fmt.Fprintf(w, "| %s | %.2f | %s | %s |\n", s.name, left, bar, verdict); err != nil {
			return false, err
		}
	}
	return missed, nil
}
