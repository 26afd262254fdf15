package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/machine"
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
	Slowest    float64  `json:"slowest"` // stretch, in requests a second
	Fastest    float64  `json:"fastest"`
	Heap       growth   `json:"heap"`       // bytes
	Goroutines growth   `json:"goroutines"` // their number
	Before     sample   `json:"before"`
	After      sample   `json:"after"`
	Failures   []string `json:"failures"`  // empty when all is well
	Undecided  []string `json:"undecided"` // what the run cannot tell
	Samples    []sample `json:"samples"`

	lax    float64 // by which bounds are wider
	course course
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
		Date: time.Now().UTC().Format(time.DateOnly), Machine: machine.Kind(), Store: o.store,
		Clients: o.clients, TTLSeconds: o.ttl.Seconds(), Failures: []string{}, Undecided: []string{}, lax: float64(o.lax),
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
	if r.After.Goroutines > r.Before.Goroutines {
		r.fail("%d goroutines when nobody calls any more, %d before", r.After.Goroutines, r.Before.Goroutines)
	}
	var ok bool
	if r.course, ok = courseOf(r.Samples, r.TTLSeconds); !ok {
		r.fail("%d samples are too few, or there were no requests between them", len(r.Samples))
		return
	}
	r.Slowest, r.Fastest = slices.Min(r.course.rate), slices.Max(r.course.rate)
	r.Heap = r.course.growth(r.lax*maxBytesEach, func(s sample) float64 { return float64(s.Live) })
	r.Goroutines = r.course.growth(r.lax*maxGoroutinesEach, func(s sample) float64 { return float64(s.Goroutines) })
	r.weigh("the heap grows by "+r.heapGrowth(), r.Heap)
	r.weigh("goroutines grow by "+r.goroutineGrowth(), r.Goroutines)
}

// weigh keeps a finding when it is bad, and when it may be.
func (r *result) weigh(finding string, g growth) {
	switch g.verdict() {
	case grows:
		r.fail("%s", finding)
	case undecided:
		r.Undecided = append(r.Undecided, finding)
	case flat:
	}
}

func (r *result) heapGrowth() string      { return r.Heap.in(1, "bytes a request") }
func (r *result) goroutineGrowth() string { return r.Goroutines.in(1e6, "in a million requests") }

func (r *result) fail(format string, args ...any) {
	r.Failures = append(r.Failures, fmt.Sprintf(format, args...))
}

// The errors of a run that went through.
var (
	errVerdict   = errors.New("it does not hold")
	errUndecided = errors.New("it is undecided whether it holds")
)

// verdict is nil when all is known to be well.
func (r *result) verdict() error {
	switch {
	case len(r.Failures) > 0:
		return errVerdict
	case len(r.Undecided) > 0:
		return errUndecided
	default:
		return nil
	}
}

func (r *result) writeJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// writeText writes the figures, as lines of Markdown.
func (r *result) writeText(w io.Writer) error {
	var highest sample
	for _, s := range r.Samples {
		highest.Memory, highest.Store = max(highest.Memory, s.Memory), max(highest.Store, s.Store)
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, "- "+format+"\n", args...) }
	line("%d requests in %.0f s: %.0f a second, by %d clients, over the %s store, whose records live for %v",
		r.Requests, r.Seconds, r.PerSecond, r.Clients, r.Store, time.Duration(r.TTLSeconds*float64(time.Second)))
	line("latency: p50 %v, p99 %v, p99.9 %v, max %v", micro(r.Latency.P50), micro(r.Latency.P99), micro(r.Latency.P999), micro(r.Latency.Max))
	line("rate: from %.0f to %.0f a second, in %d stretches", r.Slowest, r.Fastest, stretches)
	line("heap after a collection: %.1f MiB on average; it grows by %s", mebi(uint64(r.Heap.Mean)), r.heapGrowth())
	line("memory of the process: at most %.1f MiB", mebi(highest.Memory))
	if r.Store == "memory" {
		line("the store: at most %.1f MiB by its own count, bound to %.0f", mebi(uint64(highest.Store)), mebi(maxBytes))
	}
	line("goroutines: %.0f on average; they grow by %s; %d before the load, %d after it", r.Goroutines.Mean, r.goroutineGrowth(), r.Before.Goroutines, r.After.Goroutines)
	for _, failure := range r.Failures {
		line("**does not hold:** %s", failure)
	}
	for _, finding := range r.Undecided {
		line("**undecided:** %s; a longer run, or a quieter machine, tells more", finding)
	}
	if r.verdict() == nil {
		line("**holds:** heap and goroutines are flat within these bounds, and no request went wrong")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func mebi(n uint64) float64 { return float64(n) / (1 << 20) }

func micro(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
