package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A run starts this program again, as its server.
func TestMain(m *testing.M) {
	if isServer() {
		return
	}
	os.Exit(m.Run())
}

// short is a run of some seconds, with bounds that noise does not reach in it: 200 bytes a
// request, and a goroutine at one of a hundred.
var short = []string{"-for", "3s", "-every", "40ms", "-clients", "8", "-lax", "100", "-json"}

func runShort(t *testing.T, args ...string) (*result, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), append(slices.Clone(short), args...), &out, io.Discard)
	var r result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v: %s", err, &out)
	}
	return &r, err
}

func TestServersThatAreWell(t *testing.T) {
	for _, store := range []string{"memory", "redis"} {
		t.Run(store, func(t *testing.T) {
			r, err := runShort(t, "-store", store)
			if err != nil {
				t.Errorf("%v: %q %q", err, r.Failures, r.Undecided)
			}
			if r.Requests == 0 || r.Latency.P50 <= 0 || r.Latency.Max < r.Latency.P999 || len(r.Samples) < stretches {
				t.Errorf("%+v", r)
			}
			if last := r.Samples[len(r.Samples)-1]; last.Connections < 8 || last.Store > maxBytes || (last.Store > 0) != (store == "memory") {
				t.Errorf("last sample %+v", last)
			}
			if r.After.Connections != 0 {
				t.Errorf("after the load %+v", r.After)
			}
		})
	}
}

// A verdict that cannot fail says nothing.
func TestServerThatLeaks(t *testing.T) {
	r, err := runShort(t, "-leak", "4096", "-strand", "10")
	if !errors.Is(err, errVerdict) {
		t.Errorf("error %v", err)
	}
	all := strings.Join(r.Failures, "\n")
	for _, want := range []string{"the heap grows", "goroutines grow", "when nobody calls any more"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is missing in:\n%s", want, all)
		}
	}
}

func TestFlagsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"unknown argument":           {"5m"},
		"must be memory or redis":    {"-store", "sql"},
		"must be positive":           {"-clients", "0"},
		"must have room for":         {"-for", "1s", "-every", "100ms"},
		"must be at least 1":         {"-lax", "0"},
		"flag provided but not defi": {"-sql"},
	} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", args, err)
		}
	}
}

func TestWrittenFiles(t *testing.T) {
	t.Parallel()
	r := newResult(options{store: "memory", clients: 8, lax: 1, ttl: 3 * time.Second})
	for i := range 150 {
		r.Samples = append(r.Samples, sample{Seconds: float64(2 * i), Done: int64(30_000 * i), Live: 50 << 20, Goroutines: 140})
	}
	r.judge()
	folder := t.TempDir()
	if err := r.writeFiles(folder); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"RESULTS.md": "**holds:**", "load.svg": "millions of requests"} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v, %q is missing:\n%.2000s", name, err, want, text)
		}
	}
}

// What a run cannot tell is not well.
func TestVerdictOfTheRun(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		heap       growth
		requests   int64 // a sample
		goroutines uint64
		want       error
		says       string
	}{
		"flat":          {requests: 1000, want: nil, says: "**holds:**"},
		"left behind":   {requests: 1000, goroutines: 1, want: errVerdict, says: "1 goroutines when nobody calls"},
		"nobody called": {want: errVerdict, says: "no requests between them"},
		"undecided":     {requests: 1000, heap: growth{Each: 1, Error: 1, Bound: 2}, want: errUndecided, says: "**undecided:** the heap grows by +1.00"},
		"grows":         {requests: 1000, heap: growth{Each: 6, Error: 1, Bound: 2}, want: errVerdict, says: "**does not hold:** the heap grows by +6.00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newResult(options{store: "redis", clients: 1, lax: 1})
			for i := range int64(40) {
				r.Samples = append(r.Samples, sample{Seconds: float64(i), Done: i * tt.requests, Live: 1 << 20})
			}
			r.After.Goroutines = tt.goroutines
			r.judge()
			if tt.heap.Bound > 0 {
				r.Heap = tt.heap
				r.weigh("the heap grows by "+r.heapGrowth(), r.Heap)
			}
			var text strings.Builder
			if err := r.writeText(&text); err != nil {
				t.Fatal(err)
			}
			if err := r.verdict(); !errors.Is(err, tt.want) || !strings.Contains(text.String(), tt.says) {
				t.Errorf("%v, want %v and %q in:\n%s", err, tt.want, tt.says, &text)
			}
		})
	}
}
