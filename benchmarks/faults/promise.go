package main

import (
	"slices"
	"strings"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/faults/call"
	"github.com/goaroundhq/goaround/benchmarks/faults/serve"
)

// tolerance is how late a call may come back, in milliseconds.
const tolerance = float64(call.Tolerance / time.Millisecond)

// mostGivenUp is which part of the orders may be given up, in percent: those that were not
// called for in the storm, or in vain, have not been tried by it.
const mostGivenUp = 5

// What promises are about.
const (
	duplicates     = "duplicate effects"
	lost           = "acknowledged and lost"
	unknown        = "unknown"
	late           = "ms beyond the deadline"
	unacknowledged = "effects without a receipt"
	givenUp        = "% given up"
	changed        = "repeated with another answer"
	unsure         = "unknown or recovered"
	notStored      = "responses not stored"
	failed         = "failed calls"
	stray          = "effects of no order"
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
		{stray, 0, float64(r.Stray)},
		// The response to an order that runs when a store fills up may not be stored.
		{notStored, float64(r.NemesisEvents["oom"] * r.Clients * r.Callers), float64(r.NotStored)},
	}
	if !r.Forgets {
		all = append(all, promise{givenUp, mostGivenUp, round(100 * float64(r.GivenUp) / float64(r.Calls))})
	}
	if mayRepeat := r.Guarantee == serve.AtLeastOnce || r.Guarantee == serve.AtMostOnce && r.Forgets; !mayRepeat {
		all = append(all, promise{duplicates, 0, float64(r.DuplicateEffects)})
	}
	if r.Guarantee != serve.AtLeastOnce { // it runs again when its receipt was not stored
		all = append(all, promise{changed, 0, float64(r.Changed)})
	}
	if r.Guarantee == serve.AtMostOnce {
		all = append(all, promise{unsure, r.mostUnsure(), float64(r.Unknown + r.Recovered)})
	} else {
		all = append(all, promise{unknown, 0, float64(r.Unknown)})
	}
	if r.Guarantee == serve.ExactlyOnce {
		all = append(all, promise{unacknowledged, 0, float64(r.Unacknowledged)})
	}
	if r.noneFails() {
		all = append(all, promise{failed, 0, float64(r.FailedCalls)})
	}
	return all
}

// mostUnsure is how many outcomes may have been unknown to the servers. Only a strike makes one
// so, and only of an order that runs: a quarter of what may run at once is several times what
// any run has had for each strike.
func (r result) mostUnsure() float64 {
	if r.only(append(gentle, "lost-response")...) {
		return 0
	}
	strikes := 0
	for _, n := range r.NemesisEvents {
		strikes += n
	}
	return float64(strikes*r.Clients*r.Callers) / 4
}

// gentle are the nemeses that no call may fail for: the Redis that callers take turns by is not
// needed, and scripts can be loaded again.
var gentle = []string{"none", "pacer-gone", "script-flush"}

// noneFails reports whether no call may fail. Where there is time to try again, none may for the
// loss of single responses either.
func (r result) noneFails() bool {
	return r.only(gentle...) || r.Deadline >= 10*time.Second && r.only(append(gentle, "lost-response")...)
}

// only reports whether nothing but these struck.
func (r result) only(names ...string) bool {
	for name := range strings.SplitSeq(r.Nemesis, ",") {
		if !slices.Contains(names, strings.TrimSpace(name)) {
			return false
		}
	}
	return true
}
