package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"
)

// The table of a page stands between these lines.
const (
	tableBegins = "<!-- orders -->\n"
	tableEnds   = "<!-- end of orders -->\n"
)

// writeReadme runs the scene without and with the middleware, and puts the figures of both
// into the page that c names. It returns the exit status of the first run that went wrong.
func writeReadme(ctx context.Context, c config, stderr io.Writer) (int, error) {
	page, err := os.ReadFile(c.readme)
	if err != nil {
		return exitBroken, err
	}
	if _, err := insertTable(page, nil); err != nil { // before the runs, not after them
		return exitBroken, fmt.Errorf("%s: %w", c.readme, err)
	}
	var both [2]report
	for i, naive := range []bool{true, false} {
		c.naive = naive
		if both[i], err = run(ctx, c, newProgress(stderr, c.calls)); err != nil {
			return exitBroken, err
		}
		if status := both[i].exitStatus(); status != exitKept {
			return status, fmt.Errorf("%s is left as it was:\n%s", c.readme, both[i].verdict())
		}
	}
	if page, err = insertTable(page, compare(both[0], both[1], time.Now())); err != nil {
		return exitBroken, err
	}
	return exitKept, os.WriteFile(c.readme, page, 0o644)
}

// compare is a Markdown table of two runs, and says when and where they were made.
func compare(naive, guarded report, when time.Time) []byte {
	var b bytes.Buffer
	b.WriteString("| | without the middleware | with it |\n|---|--:|--:|\n")
	row := func(name string, value func(report) any) {
		fmt.Fprintf(&b, "| %s | %v | %v |\n", name, value(naive), value(guarded))
	}
	row("orders sent", func(r report) any { return r.Calls })
	row("attempts, by the clients", func(r report) any { return r.Attempts })
	row("requests, at the service", func(r report) any { return r.Requests })
	row("duplicates prevented", func(r report) any { return r.DuplicatesPrevented })
	row("orders executed", func(r report) any { return r.Effects })
	row("**executions too many**", func(r report) any { return fmt.Sprintf("**%d**", r.DuplicateEffects) })
	row("acknowledged and lost", func(r report) any { return r.Lost })
	row("a call, median / 99 %", func(r report) any { return fmt.Sprintf("%.0f / %.0f ms", r.P50, r.P99) })
	fmt.Fprintf(&b, "\n%s, %s on %s/%s with %d processors, by `go run ./examples/orders -readme README.md`, seed %d.\n",
		when.UTC().Format(time.DateOnly), runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), guarded.Seed)
	return b.Bytes()
}

// insertTable puts a table in the place of the one that the page has.
func insertTable(page, table []byte) ([]byte, error) {
	before, rest, begins := bytes.Cut(page, []byte(tableBegins))
	_, after, ends := bytes.Cut(rest, []byte(tableEnds))
	if !begins || !ends {
		return nil, fmt.Errorf("no lines %q and %q", tableBegins, tableEnds)
	}
	return bytes.Join([][]byte{before, []byte(tableBegins), table, []byte(tableEnds), after}, nil), nil
}
