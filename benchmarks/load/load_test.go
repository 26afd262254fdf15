package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A run starts this program again, as its server.
func TestMain(m *testing.M) {
	if isServer() {
		return
	}
	os.Exit(m.Run())
}

// short is a run of some seconds.
var short = []string{"-for", "3s", "-every", "100ms", "-ttl", "200ms", "-clients", "8", "-json"}

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
				t.Errorf("%v: %q", err, r.Failures)
			}
			if r.Requests == 0 || r.Latency.P50 <= 0 || r.Latency.Max < r.Latency.P999 || len(r.Samples) < 10 {
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
	r, err := runShort(t, "-leak")
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

// Growth by more than 2 % a minute is found in five minutes with noise as large as it gets,
// and noise alone is none.
func TestJudge(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name             string
		seconds          float64
		heap, goroutines float64 // growth a minute, by their first values
		fails            int
	}{
		{"flat", 300, 0, 0, 0},
		{"as much as it may", 300, 0.01, 0.01, 0},
		{"a slow leak", 300, 0.06, 0, 1},
		{"goroutines", 300, 0, 0.06, 1},
		{"shrinks", 300, -0.1, -0.1, 0},
		{"flat, and short", 3, 0, 0, 0},
		{"a fast leak, and short", 3, 10, 10, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(100) {
				rnd := rand.New(rand.NewPCG(seed, 1))
				var r result
				for i := range 150 {
					at := tt.seconds * float64(i+1) / 150
					grown := func(start, perMinute float64) float64 {
						return start * (1 + perMinute*at/60 + 0.02*rnd.NormFloat64())
					}
					s := sample{Seconds: at, Live: uint64(grown(50<<20, tt.heap)), Goroutines: uint64(grown(200, tt.goroutines))}
					if at < tt.seconds*warmup {
						s.Live /= 2 // the store fills
					}
					r.Samples = append(r.Samples, s)
				}
				r.judge()
				if len(r.Failures) != tt.fails {
					t.Fatalf("seed %d: %q", seed, r.Failures)
				}
			}
		})
	}
}

func TestFlagsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"unknown argument":           {"5m"},
		"must be memory or redis":    {"-store", "sql"},
		"must be positive":           {"-clients", "0"},
		"must have room for":         {"-for", "1s", "-every", "1s"},
		"flag provided but not defi": {"-sql"},
	} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", args, err)
		}
	}
}

func TestWrittenFiles(t *testing.T) {
	t.Parallel()
	r := newResult(options{store: "memory", clients: 8})
	for i := range 150 {
		r.Samples = append(r.Samples, sample{Seconds: float64(2 * i), Live: 50 << 20, Goroutines: 140})
	}
	r.judge()
	folder := t.TempDir()
	if err := r.writeFiles(folder); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"RESULTS.md": "50.0 MiB on average, grows by +0.00 %", "load.svg": "seconds of load"} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v, %q is missing:\n%.1000s", name, err, want, text)
		}
	}
}
