package main

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestPercentile(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i + 1)
	}
	for _, test := range []struct {
		values []time.Duration
		p      float64
		want   time.Duration
	}{
		{nil, 50, 0},
		{[]time.Duration{7}, 0, 7},
		{[]time.Duration{7}, 99, 7},
		{[]time.Duration{1, 2}, 50, 1},
		{[]time.Duration{1, 2, 3}, 50, 2},
		{[]time.Duration{1, 2, 3}, 99, 3},
		{hundred, 50, 50},
		{hundred, 99, 99},
		{hundred, 99.1, 100},
		{hundred, 100, 100},
	} {
		if got := percentile(test.values, test.p); got != test.want {
			t.Errorf("percentile(%d values, %v) = %d, want %d", len(test.values), test.p, got, test.want)
		}
	}
}

func TestReportHoldsCallsAgainstTheLedger(t *testing.T) {
	var r report
	r.addCalls([]outcome{
		{order: "a", finished: true, latency: 10 * time.Millisecond},
		{order: "b", finished: true, latency: 30 * time.Millisecond}, // acknowledged, not in the ledger
		{order: "c", finished: true, err: errors.New("no luck")},
		{order: "d"},
		{},
	}, tally{"a": 3, "c": 1})
	want := report{
		Calls: 5, OK: 2, Failed: 1, Unfinished: 2, Effects: 4, DuplicateEffects: 2, Lost: 1,
		P50: 10, P99: 30, FirstError: "no luck",
	}
	if r != want {
		t.Errorf("got  %+v\nwant %+v", r, want)
	}
}

func TestExitStatusAndVerdict(t *testing.T) {
	for name, test := range map[string]struct {
		report report
		status int
		says   string
	}{
		"kept":                {report{Calls: 1, OK: 1}, exitKept, "exactly once"},
		"duplicates":          {report{Calls: 1, OK: 1, DuplicateEffects: 1}, exitBroken, "BROKEN"},
		"lost":                {report{Calls: 1, OK: 1, Lost: 1}, exitBroken, "BROKEN"},
		"failed":              {report{Calls: 1, Failed: 1, FirstError: "why"}, exitBroken, "why"},
		"naive":               {report{Calls: 1, OK: 1, Naive: true, DuplicateEffects: 3}, exitKept, "3 orders too many"},
		"lucky":               {report{Calls: 1, OK: 1, Naive: true}, exitKept, "good luck"},
		"interrupted":         {report{Calls: 1, Unfinished: 1, Interrupted: true}, exitInterrupted, "Interrupted"},
		"interrupted, broken": {report{Calls: 1, Unfinished: 1, Interrupted: true, Lost: 1}, exitBroken, "Interrupted"},
		"kept ledger":         {report{Calls: 1, OK: 1, Ledger: "here"}, exitKept, "The ledger is in here."},
	} {
		if got := test.report.exitStatus(); got != test.status {
			t.Errorf("%s: exit status %d, want %d", name, got, test.status)
		}
		if got := test.report.verdict(); !strings.Contains(got, test.says) {
			t.Errorf("%s: verdict %q, want %q in it", name, got, test.says)
		}
	}
}
