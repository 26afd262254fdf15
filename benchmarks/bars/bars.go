package main

import (
	"fmt"
	"io"
	"strconv"
)

// bar is what one benchmark may cost more than the bare one beside it; 0 is no bar.
type bar struct {
	name        string
	bench, bare string // names of benchmarks
	ns          float64
	allocs      float64
	bytes       float64 // per operation in all
}

var bars = []bar{
	{name: "full chain, GET", bench: "Transport/GET/chain", bare: "Transport/GET/stub", ns: 150, allocs: 2},
	{name: "full chain, keyed POST", bench: "Transport/POST/chain", bare: "Transport/POST/stub", ns: 900, allocs: 9},
	{name: "full chain, POST 64 KiB", bench: "Transport/POST64KiB/chain", bare: "Transport/POST64KiB/stub", bytes: 3 << 10},
	{name: "server, first run", bench: "Server/first", bare: "Server/bare", ns: 2500, allocs: 15},
	{name: "clock, a reading", bench: "Clock/Read", bare: "Clock/bare", ns: 20},
	{name: "response, its Date listened to", bench: "Dates/Step", bare: "Dates/bare", ns: 50},
	{name: "server, replay", bench: "Server/replay", bare: "Server/bare", ns: 1500, allocs: 10},
	{name: "server, replay from the cache", bench: "Server/replay_from_the_cache", bare: "Server/bare", ns: 1000, allocs: 10},
}

// row is a bar with what was measured.
type row struct {
	bar
	leastNs, medianNs, overAllocs, inBytes float64
}

// kept goes by the least time of each: what else the machine does only adds to it.
func (r row) kept() bool {
	return under(r.leastNs, r.ns) && under(r.overAllocs, r.allocs) && under(r.inBytes, r.bytes)
}

func under(measured, bar float64) bool { return bar == 0 || measured <= bar }

// show is a bar as the table has it.
func show(bar float64) string {
	if bar == 0 {
		return "-"
	}
	return strconv.FormatFloat(bar, 'f', 0, 64)
}

// compare holds the measurements against the bars. A benchmark that is missing is an
// error: a bar that nobody measures is no bar.
func compare(bars []bar, m measurements) ([]row, error) {
	var rows []row
	for _, b := range bars {
		bench, bare := m[b.bench], m[b.bare]
		for _, unit := range []string{"sec/op", "allocs/op", "B/op"} {
			if len(bench[unit]) == 0 || len(bare[unit]) == 0 {
				return nil, fmt.Errorf("no %s of %s and %s", unit, b.bench, b.bare)
			}
		}
		rows = append(rows, row{
			bar:        b,
			leastNs:    (bench.least("sec/op") - bare.least("sec/op")) * 1e9,
			medianNs:   (bench.median("sec/op") - bare.median("sec/op")) * 1e9,
			overAllocs: bench.median("allocs/op") - bare.median("allocs/op"),
			inBytes:    bench.median("B/op"),
		})
	}
	return rows, nil
}

// write prints the rows as Markdown. It reports whether a bar was missed.
func write(w io.Writer, rows []row) (missed bool, err error) {
	if _, err := fmt.Fprint(w, "| what, over the bare one | ns, least | median | bar | allocations | bar | bytes in all | bar | |\n|---|---|---|---|---|---|---|---|---|\n"); err != nil {
		return false, err
	}
	for _, r := range rows {
		verdict := "kept"
		if !r.kept() {
			verdict, missed = "MISSED", true
		}
		if _, err := fmt.Fprintf(w, "| %s | %.0f | %.0f | %s | %.0f | %s | %.0f | %s | %s |\n",
			r.name, r.leastNs, r.medianNs, show(r.ns), r.overAllocs, show(r.allocs), r.inBytes, show(r.bytes), verdict); err != nil {
			return false, err
		}
	}
	return missed, nil
}
