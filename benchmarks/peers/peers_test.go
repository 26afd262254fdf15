package main

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"
)

// Everything runs, however short, and every peer is in every table that is for it.
func TestMeasure(t *testing.T) {
	s := size{rounds: 1, roundTime: time.Microsecond, upload: 1 << 20, callers: 20, calls: 40, outages: 1}
	r := &results{Date: "today", Versions: map[string]string{ours: "v0"}}
	if err := r.measureCosts(t.Context(), s, io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := r.measureOutages(t.Context(), s, io.Discard); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.Crowds, err = measureCrowds(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	r.Rules = []verdict{{Peer: ours, Rules: 2}, {Peer: retryable, Rules: 2, Broken: []string{"HTTP2/Body/IsClosed"}}}
	r.says = []ruleText{{"Body/IsClosed", "the body is closed"}, {"Body/IsKept", "it is kept"}}
	r.Bars = r.hold()

	var out bytes.Buffer
	if err := r.print(&out, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| goaround v0 |", "| " + bare + " |", "| " + awsRetry + " |", "| **Body/IsClosed**: the body is closed |  | broken |"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the tables do not have %q", want)
		}
	}
	if strings.Contains(out.String(), "Body/IsKept") {
		t.Error("a rule that nobody breaks is in the tables")
	}
	for _, p := range peers {
		if n := strings.Count(out.String(), "\n| "+r.title(p.name)+" |"); n < len(caseNames)-2 {
			t.Errorf("%s is in %d tables", p.name, n)
		}
	}
	checkJSON(t, r)
}

func checkJSON(t *testing.T, r *results) {
	t.Helper()
	var out bytes.Buffer
	if err := r.print(&out, true); err != nil {
		t.Fatal(err)
	}
	var back results
	decoder := json.NewDecoder(&out)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&back); err != nil || decoder.More() {
		t.Fatalf("not one JSON object: %v", err)
	}
	if len(back.Costs) != len(r.Costs) || len(back.Bars) != len(r.Bars) || back.Rules[1].Broken[0] != "HTTP2/Body/IsClosed" {
		t.Errorf("%+v is not what was measured", back)
	}
}

// Each bar is missed by figures that are a little too high, and by no others.
func TestHold(t *testing.T) {
	t.Parallel()
	good := func() *results {
		return &results{
			Costs: []cost{
				{Case: caseGET, Peer: bare, LeastNs: 60, Allocs: 1}, {Case: caseGET, Peer: ours, LeastNs: 210, Allocs: 3},
				{Case: caseGET, Peer: failsafe, LeastNs: 510},
				{Case: casePOST, Peer: bare, LeastNs: 400, Allocs: 9}, {Case: casePOST, Peer: ours, LeastNs: 1300, Allocs: 18},
				{Case: caseRetry, Peer: ours, LeastNs: 480}, {Case: caseRetry, Peer: heimdall, LeastNs: 480},
				{Case: caseUpload, Peer: ours, Bytes: 64 << 10},
			},
			Outages: []outage{{Peer: ours, Callers: 20, Connections: 20}},
			Rules:   []verdict{{Peer: ours}},
		}
	}
	for _, tt := range []struct {
		name   string
		spoil  func(*results)
		missed int
	}{
		{"all kept", func(*results) {}, 0},
		{"GET, ns and share", func(r *results) { r.Costs[1].LeastNs++ }, 2},
		{"GET, allocations", func(r *results) { r.Costs[1].Allocs++ }, 1},
		{"failsafe-go got better", func(r *results) { r.Costs[2].LeastNs-- }, 1},
		{"POST, ns", func(r *results) { r.Costs[4].LeastNs++ }, 1},
		{"POST, allocations", func(r *results) { r.Costs[4].Allocs++ }, 1},
		{"one retry", func(r *results) { r.Costs[5].LeastNs++ }, 1},
		{"64 MiB", func(r *results) { r.Costs[7].Bytes++ }, 1},
		{"connections", func(r *results) { r.Outages[0].Connections++ }, 1},
		{"goroutines", func(r *results) { r.Outages[0].Goroutines++ }, 1},
		{"rules", func(r *results) { r.Rules[0].Broken = []string{"one"} }, 1},
	} {
		r := good()
		tt.spoil(r)
		missed := 0
		for _, b := range r.hold() {
			if !b.Kept {
				missed++
			}
		}
		if missed != tt.missed {
			t.Errorf("%s: %d bars missed, want %d", tt.name, missed, tt.missed)
		}
	}
}
