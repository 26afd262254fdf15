package rivals

import (
	"time"

	"github.com/goaroundhq/goaround/benchmarks/herd/sim"
)

// Main is the case by which strategies are judged.
func Main() sim.Case { return sim.Case{Name: "N=1000"} }

// Cases are the circumstances of the tables besides Main.
func Cases() []sim.Case {
	return []sim.Case{
		{Name: "N=10000", Callers: 10000},
		{Name: "N=100", Callers: 100},
		{Name: "returns at half capacity", ReturnAt: 0.5},
		{Name: "20 % of processes without store", Storeless: 0.2},
		{Name: "first push after the first success lost", LosePushes: 1},
	}
}

// Sensitivity are the circumstances that say how far the other cases can be trusted.
func Sensitivity() []sim.Case {
	return []sim.Case{
		{Name: "rejects cost nothing", RejectCost: sim.None},
		{Name: "N=10000, rejects cost nothing", Callers: 10000, RejectCost: sim.None},
		{Name: "C=1000, N=10000", Callers: 10000, Capacity: 1000},
		{Name: "C=10, N=100", Callers: 100, Capacity: 10},
		{Name: "10 processes", Processes: 10},
		{Name: "1 process", Processes: 1},
		{Name: "1000 processes of one caller", Processes: 1000},
		{Name: "hiccup of 0.5 s", Outage: 500 * time.Millisecond},
		{Name: "outage of 60 s", Outage: time.Minute},
		{Name: "second outage, 15 s to 18 s", SecondAt: 15 * time.Second, SecondFor: 3 * time.Second},
		{Name: "Poisson, 70 % of C", Poisson: 0.7, Horizon: 120 * time.Second},
		{Name: "Poisson, 90 % of C", Poisson: 0.9, Horizon: 300 * time.Second},
		{Name: "20 % of processes die", Crash: 0.2},
		{Name: "deadline of 15 s", Deadline: 15 * time.Second},
		{Name: "10 processes, next to the server", Processes: 10, NetDelay: 0.01},
		{Name: "network five times slower", NetDelay: 5},
		{Name: "store ten times slower", StoreDelay: 10},
		{Name: "a tenth of the pushes lost", PushLoss: 0.1},
		{Name: "all pushes lost", PushLoss: 1},
		{Name: "nobody has a store", Storeless: 1},
	}
}
