package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
)

// result is what a run has shown.
type result struct {
	Date       string   `json:"date"`
	Machine    string   `json:"machine"`
	Store      string   `json:"store"`
	Clients    int      `json:"clients"`
	TTLSeconds float64  `json:"ttlSeconds"`
	Seconds    float64  `json:"seconds"`
	Requests   int64    `json:"requests"`
	PerSecond  float64  `json:"perSecond"`
	Errors     int      `json:"errors"`
	Latency    latency  `json:"latencyMicroseconds"`
	Heap       trend    `json:"heap"`
	Goroutines trend    `json:"goroutines"`
	Rate       trend    `json:"rate"`
	Before     sample   `json:"before"`
	After      sample   `json:"after"`
	Failures   []string `json:"failures"` // empty when all is well
	Samples    []sample `json:"samples"`
}

// latency has the whole exchange as a client sees it, in microseconds.
type latency struct {
	P50  int64 `json:"p50"`
	P99  int64 `json:"p99"`
	P999 int64 `json:"p999"`
	Max  int64 `json:"max"`
}

func newResult(o options) *result {
	return &result{
		Date: time.Now().UTC().Format(time.DateOnly), Machine: machine(), Store: o.store,
		Clients: o.clients, TTLSeconds: o.ttl.Seconds(), Failures: []string{},
	}
}

// conclude judges the run.
func (r *result) conclude(c *clients) {
	r.Requests, r.Errors = c.done.Load(), c.errs
	r.PerSecond = float64(r.Requests) / r.Seconds
	h := c.latency
	r.Latency = latency{h.ValueAtQuantile(50), h.ValueAtQuantile(99), h.ValueAtQuantile(99.9), h.Max()}
	if r.Errors > 0 {
		r.fail("%d requests went wrong, the first: %v", r.Errors, c.err)
	}
	r.judge()
}

// judge looks at the samples.
func (r *result) judge() {
	if len(r.Samples) < 10 {
		r.fail("%d samples are too few", len(r.Samples))
		return
	}
	r.Heap = trendOf(r.Samples, func(s sample) float64 { return float64(s.Live) })
	r.Goroutines = trendOf(r.Samples, func(s sample) float64 { return float64(s.Goroutines) })
	r.Rate = trendOf(r.Samples[1:], r.rate())
	if r.Heap.grows(wordBytes) {
		r.fail("the heap grows by %v", r.Heap)
	}
	if r.Goroutines.grows(wordGoroutines) {
		r.fail("goroutines grow by %v", r.Goroutines)
	}
	if r.After.Goroutines > r.Before.Goroutines {
		r.fail("%d goroutines when nobody calls any more, %d before", r.After.Goroutines, r.Before.Goroutines)
	}
}

// rate is requests a second since the sample before. It is not judged, but how many records
// there are follows it: where it drifts, because the machine has other work, so does the heap.
func (r *result) rate() func(sample) float64 {
	last := r.Samples[0]
	return func(s sample) float64 {
		rate := float64(s.Done-last.Done) / (s.Seconds - last.Seconds)
		last = s
		return rate
	}
}

func (r *result) fail(format string, args ...any) {
	r.Failures = append(r.Failures, fmt.Sprintf(format, args...))
}

func (r *result) writeJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// writeText writes the figures, as lines of Markdown.
func (r *result) writeText(w io.Writer) error {
	highest := r.Samples[0]
	for _, s := range r.Samples {
		highest.Memory, highest.Store = max(highest.Memory, s.Memory), max(highest.Store, s.Store)
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, "- "+format+"\n", args...) }
	line("%d requests in %.0f s: %.0f a second, by %d clients, over the %s store, whose records live for %v",
		r.Requests, r.Seconds, r.PerSecond, r.Clients, r.Store, time.Duration(r.TTLSeconds*float64(time.Second)))
	line("latency: p50 %v, p99 %v, p99.9 %v, max %v", micro(r.Latency.P50), micro(r.Latency.P99), micro(r.Latency.P999), micro(r.Latency.Max))
	line("the rate changes by %v", r.Rate)
	line("heap after a collection: %.1f MiB on average, grows by %v; it may by 2 %%", mebi(uint64(r.Heap.Mean)), r.Heap)
	line("memory of the process: at most %.1f MiB", mebi(highest.Memory))
	if r.Store == "memory" {
		line("the store: at most %.1f MiB by its own count, bound to %.0f", mebi(uint64(highest.Store)), mebi(maxBytes))
	}
	line("goroutines: %.0f on average, grow by %v; %d before the load, %d after it", r.Goroutines.Mean, r.Goroutines, r.Before.Goroutines, r.After.Goroutines)
	for _, failure := range r.Failures {
		line("**does not hold:** %s", failure)
	}
	switch least := max(sure*max(r.Heap.Error, r.Goroutines.Error), maxGrowth); {
	case len(r.Failures) > 0:
	case least > maxGrowth:
		line("nothing is seen to grow, and no request went wrong; but growth of less than %.0f %% a minute is not seen in so short or so unsteady a run", 100*least)
	default:
		line("**holds:** nothing grew, and no request went wrong")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func mebi(n uint64) float64 { return float64(n) / (1 << 20) }

func micro(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

// machine says on what kind of machine this runs.
func machine() string {
	kind := fmt.Sprintf("%s/%s, %d CPUs, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return kind
	}
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value) + ", " + kind
		}
	}
	return kind
}
