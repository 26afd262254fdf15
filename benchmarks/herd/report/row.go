package report

import (
	"slices"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/herd/sim"
)

// Row is what came of a strategy in a case: the median of its runs, and the worst of them.
type Row struct {
	Name   string `json:"name"`
	Ours   bool   `json:"ours"`
	Values        // the median
	Worst  Values `json:"worst"`
	Runs   int    `json:"runs"`
}

// Values are the measures of the table. Paced attempts are all those but first attempts
// that were sent at once.
type Values struct {
	DonePercent      float64  `json:"done_percent"`
	CallsPerSuccess  *float64 `json:"calls_per_success"`  // nil: no success
	DrainOverIdeal   *float64 `json:"drain_over_ideal"`   // nil: not everyone was served
	PeakOverCapacity float64  `json:"peak_over_capacity"` // paced attempts in the worst 100 ms
	PeakAfterOutage  float64  `json:"peak_after_outage"`  // the same for arrivals after the outage
	StoresPerPaced   float64  `json:"store_calls_per_retry"`
	P50              *float64 `json:"p50_s"` // of those who were served
	P99              *float64 `json:"p99_s"`
}

// NewRow sums up the runs of a strategy, at least one.
func NewRow(name string, ours bool, runs []sim.Outcome) Row {
	values := make([]Values, len(runs))
	for i, o := range runs {
		values[i] = valuesOf(o)
	}
	return Row{Name: name, Ours: ours, Values: pick(values, middle, middle), Worst: pick(values, least, most), Runs: len(runs)}
}

func valuesOf(o sim.Outcome) Values {
	v := Values{
		DonePercent:      o.DonePercent(),
		PeakOverCapacity: o.PeakOverCapacity(),
		PeakAfterOutage:  o.PeakAfterOverCapacity(),
		StoresPerPaced:   o.StoresPerPaced(),
	}
	if o.Successes > 0 {
		v.CallsPerSuccess = new(o.CallsPerSuccess())
	}
	if o.Done > 0 {
		v.P50, v.P99 = seconds(o.Percentile(50)), seconds(o.Percentile(99))
	}
	if o.Done == o.Callers {
		v.DrainOverIdeal = new(o.DrainOverIdeal())
	}
	return v
}

func seconds(d time.Duration) *float64 { return new(d.Seconds()) }

// pick chooses among the runs, for each measure by itself: done where more is better, and
// the others where less is. A run without a value is worse than all that have one.
func pick(runs []Values, done, others func([]*float64) *float64) Values {
	column := func(choose func([]*float64) *float64, of func(Values) *float64) *float64 {
		all := make([]*float64, len(runs))
		for i, v := range runs {
			all[i] = of(v)
		}
		slices.SortFunc(all, compare)
		return choose(all)
	}
	return Values{
		DonePercent:      *column(done, func(v Values) *float64 { return &v.DonePercent }),
		CallsPerSuccess:  column(others, func(v Values) *float64 { return v.CallsPerSuccess }),
		DrainOverIdeal:   column(others, func(v Values) *float64 { return v.DrainOverIdeal }),
		PeakOverCapacity: *column(others, func(v Values) *float64 { return &v.PeakOverCapacity }),
		PeakAfterOutage:  *column(others, func(v Values) *float64 { return &v.PeakAfterOutage }),
		StoresPerPaced:   *column(others, func(v Values) *float64 { return &v.StoresPerPaced }),
		P50:              column(others, func(v Values) *float64 { return v.P50 }),
		P99:              column(others, func(v Values) *float64 { return v.P99 }),
	}
}

func compare(a, b *float64) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	case *a < *b:
		return -1
	case *a > *b:
		return 1
	default:
		return 0
	}
}

func middle(sorted []*float64) *float64 { return sorted[len(sorted)/2] }
func least(sorted []*float64) *float64  { return sorted[0] }
func most(sorted []*float64) *float64   { return sorted[len(sorted)-1] }
