package sim_test

import (
	"testing"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/herd/rivals"
	"github.com/goaroundhq/goaround/benchmarks/herd/sim"
)

// A crowd that goes round in circles: what the engine costs, and little else.
func BenchmarkRun(b *testing.B) {
	c := sim.Case{Callers: 10_000, Horizon: 30 * time.Second}
	for b.Loop() {
		o := sim.Run(c, rivals.Constant(time.Second), 1)
		b.ReportMetric(float64(o.Calls), "calls/op")
	}
}
