package main

import "github.com/goaroundhq/goaround/benchmarks/faults/serve"

// tolerance is how late a call may come back, in milliseconds.
const tolerance = 100

// What promises are about.
const (
	duplicates     = "duplicate effects"
	lost           = "acknowledged and lost"
	unknown        = "unknown"
	late           = "ms beyond the deadline"
	unacknowledged = "effects without a receipt"
)

// promise is something that a run must not have had more of than its bound.
type promise struct {
	what            string
	bound, observed float64
}

// promises are those that a run is judged by.
func promises(r result) []promise {
	all := []promise{
		{lost, 0, float64(r.LostAcknowledged)},
		{"wrong responses", 0, float64(r.Wrong)},
		{"unsettled", 0, float64(r.Unsettled)},
		{late, tolerance, r.MaxBlock},
	}
	if mayRepeat := r.Guarantee == serve.AtLeastOnce || r.Guarantee == serve.AtMostOnce && r.Forgets; !mayRepeat {
		all = append(all, promise{duplicates, 0, float64(r.DuplicateEffects)})
	}
	if r.Guarantee != serve.AtMostOnce {
		all = append(all, promise{unknown, 0, float64(r.Unknown)})
	}
	if r.Guarantee == serve.ExactlyOnce {
		all = append(all, promise{unacknowledged, 0, float64(r.Unacknowledged)})
	}
	if r.Nemesis == pacerGone {
		all = append(all, promise{"calls that failed with the pacer", 0, float64(r.FailedCalls)})
	}
	return all
}

// pacerGone takes nothing away but what callers take turns by, which no call may fail for.
const pacerGone = "pacer-gone"
