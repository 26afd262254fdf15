package main

import (
	"bytes"
	"strings"
	"testing"
)

const output = `goos: linux
pkg: example
BenchmarkX/bare-2         	  100	   100.0 ns/op	   10 B/op	   1 allocs/op
BenchmarkX/bare-2         	  100	   120.0 ns/op	   10 B/op	   1 allocs/op
BenchmarkX/bare-2         	  100	   900.0 ns/op	   10 B/op	   1 allocs/op
BenchmarkX/chain-2        	  100	   210.0 ns/op	   50 B/op	   3 allocs/op
BenchmarkX/chain-2        	  100	   230.0 ns/op	   50 B/op	   3 allocs/op
BenchmarkRun/client-2 	  100	   0.95 of-hand
BenchmarkRun/client-2 	  100	   0.90 of-hand
BenchmarkRun/client-2 	  100	   0.20 of-hand
PASS
ok  	example	1.0s
`

func TestBars(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		bar    bar
		missed bool
	}{
		{"kept", bar{bench: "X/chain", bare: "X/bare", ns: 110, allocs: 2}, false},
		{"too slow", bar{bench: "X/chain", bare: "X/bare", ns: 109, allocs: 2}, true},
		{"too many allocations", bar{bench: "X/chain", bare: "X/bare", ns: 110, allocs: 1}, true},
		{"bytes kept", bar{bench: "X/chain", bare: "X/bare", ns: 110, allocs: 2, bytes: 50}, false},
		{"too many bytes", bar{bench: "X/chain", bare: "X/bare", ns: 110, allocs: 2, bytes: 49}, true},
	} {
		m, err := read(strings.NewReader(output))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := compare([]bar{tt.bar}, m)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		missed, err := write(&out, rows)
		if err != nil || missed != tt.missed {
			t.Errorf("%s: missed %v, %v\n%s", tt.name, missed, err, &out)
		}
		if !strings.Contains(out.String(), "| 110 | 100 |") { // least 210 and 100, medians 220 and 120
			t.Errorf("%s: the differences are not there:\n%s", tt.name, &out)
		}
	}
}

func TestMissingBenchmarkIsAnError(t *testing.T) {
	t.Parallel()
	m, err := read(strings.NewReader(output))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := compare([]bar{{bench: "X/renamed", bare: "X/bare"}}, m); err == nil {
		t.Error("a bar that nobody measures was kept")
	}
}

func TestShares(t *testing.T) {
	t.Parallel()
	m, err := read(strings.NewReader(output))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		least   float64
		missed  bool
		verdict string
	}{
		{0.9, false, "| 0.90 | 0.90 | kept |"},
		{0.91, true, "| 0.90 | 0.91 | MISSED |"},
		{0, false, "| 0.90 | - |  |"},
	} {
		var out bytes.Buffer
		missed, err := writeShares(&out, []share{{bench: "Run/client", least: tt.least}}, m)
		if err != nil || missed != tt.missed || !strings.Contains(out.String(), tt.verdict) {
			t.Errorf("bar %v: missed %v, %v\n%s", tt.least, missed, err, &out)
		}
	}
	if _, err := writeShares(new(bytes.Buffer), []share{{bench: "Run/renamed"}}, m); err == nil {
		t.Error("a share that nobody measures was kept")
	}
}
