package main

import (
	"fmt"
	"io"
	"strings"
)

// writeTable writes the report for people, within 80 columns.
func (r report) writeTable(w io.Writer) error {
	var b strings.Builder
	row := func(name string, value any, note string) {
		line := fmt.Sprintf("  %-20s  %8v   %s", name, value, note)
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	row("calls", r.Calls, "each with its own order number")
	row("ok", r.OK, "acknowledged with 201 and a receipt")
	if r.Failed > 0 {
		row("failed", r.Failed, "")
	}
	if r.Unfinished > 0 {
		row("unfinished", r.Unfinished, "not begun, or not ended before the interrupt")
	}
	row("attempts", r.Attempts, "by the clients")
	row("requests", r.Requests, "at the service: net/http repeats some itself")
	row("effects", r.Effects, "lines in the ledger")
	row("duplicates prevented", r.DuplicatesPrevented,
		fmt.Sprintf("%d replayed, %d refused as in progress", r.Replayed, r.InProgress))
	row("duplicate effects", r.DuplicateEffects, "lines beyond one for each order")
	row("lost", r.Lost, "acknowledged, but not in the ledger")
	row("p50", fmt.Sprintf("%.0f ms", r.P50), "a call, with all its attempts and waits")
	row("p99", fmt.Sprintf("%.0f ms", r.P99), "")
	row("seconds", fmt.Sprintf("%.1f", r.Seconds), "")
	fmt.Fprintf(&b, "\n  faults: %s\n\n%s", r.Faults, r.verdict())
	_, err := io.WriteString(w, b.String())
	return err
}

// String lists the faults, in two lines.
func (c faultCounts) String() string {
	return fmt.Sprintf("%d responses lost, %d connections cut while the order ran,\n"+
		"          %d reset before it, %d delayed, %d reset by the outage",
		c.ResponseLost, c.Cut, c.Reset, c.Delayed, c.Outage)
}

// verdict says what the figures mean.
func (r report) verdict() string {
	var b strings.Builder
	switch {
	case r.Interrupted:
		b.WriteString("Interrupted: these are the figures so far.\n")
	case r.kept() && r.Naive:
		b.WriteString("Without the middleware, and no order ran twice: good luck. Try another -seed.\n")
	case r.kept():
		b.WriteString("Every order ran exactly once.\n")
	case r.Naive:
		fmt.Fprintf(&b, "Without the middleware, %d orders too many were executed.\n"+
			"Run it again without -naive.\n", r.DuplicateEffects)
	default:
		b.WriteString("THE PROMISE IS BROKEN.\n")
	}
	if r.FirstError != "" {
		fmt.Fprintf(&b, "The first call that failed said: %s\n", r.FirstError)
	}
	if r.Ledger != "" {
		fmt.Fprintf(&b, "The ledger is in %s.\n", r.Ledger)
	}
	return b.String()
}
