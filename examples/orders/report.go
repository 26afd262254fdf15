package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"
)

// report is what came of a run. The package documentation says what the figures mean.
type report struct {
	Calls               int         `json:"calls"`
	OK                  int         `json:"ok"`
	Failed              int         `json:"failed"`
	Unfinished          int         `json:"unfinished"` // after Ctrl-C
	Attempts            int64       `json:"attempts"`
	Requests            int64       `json:"requests"`
	Effects             int         `json:"effects"`
	Replayed            int64       `json:"replayed"`
	InProgress          int64       `json:"in_progress"`
	DuplicatesPrevented int64       `json:"duplicates_prevented"`
	DuplicateEffects    int         `json:"duplicate_effects"`
	Lost                int         `json:"lost"`
	P50                 float64     `json:"p50_ms"` // of the calls that ended ok
	P99                 float64     `json:"p99_ms"`
	Seconds             float64     `json:"seconds"`
	Faults              faultCounts `json:"faults"`
	Clients             int         `json:"clients"`
	Seed                uint64      `json:"seed"`
	Naive               bool        `json:"naive"`
	Interrupted         bool        `json:"interrupted"`
	Ledger              string      `json:"ledger,omitempty"`
	FirstError          string      `json:"first_error,omitempty"`
}

// faultCounts is how often each kind of fault was injected.
type faultCounts struct {
	ResponseLost int64 `json:"response_lost"`
	Cut          int64 `json:"cut"`
	Reset        int64 `json:"reset"`
	Delayed      int64 `json:"delayed"`
	Outage       int64 `json:"outage"`
}

// addCalls counts how the calls ended, and holds them against the ledger.
func (r *report) addCalls(outcomes []outcome, t tally) {
	r.Calls = len(outcomes)
	var latencies []time.Duration
	for _, o := range outcomes {
		switch {
		case !o.finished:
			r.Unfinished++
		case o.err != nil:
			r.Failed++
			if r.FirstError == "" {
				r.FirstError = o.err.Error()
			}
		default:
			r.OK++
			latencies = append(latencies, o.latency)
			if t[o.order] == 0 {
				r.Lost++
			}
		}
	}
	r.Effects, r.DuplicateEffects = t.effects(), t.duplicates()
	slices.Sort(latencies)
	r.P50 = milliseconds(percentile(latencies, 50))
	r.P99 = milliseconds(percentile(latencies, 99))
}

// addService takes over what the service's side counted.
func (r *report) addService(s *service) {
	r.Requests = s.faults.requests()
	r.Replayed, r.InProgress = s.replayed.Load(), s.inProgress.Load()
	r.DuplicatesPrevented = r.Replayed + r.InProgress
	counts := &s.faults.counts
	r.Faults = faultCounts{
		ResponseLost: counts[responseLost].Load(),
		Cut:          counts[cut].Load(),
		Reset:        counts[reset].Load(),
		Delayed:      counts[delayed].Load(),
		Outage:       counts[unreachable].Load(),
	}
}

// kept reports whether every call ended ok and every order ran exactly once.
func (r report) kept() bool {
	return r.OK == r.Calls && r.DuplicateEffects == 0 && r.Lost == 0
}

func (r report) exitStatus() int {
	switch {
	case !r.Naive && (r.DuplicateEffects > 0 || r.Lost > 0 || r.Failed > 0):
		return exitBroken
	case r.Interrupted:
		return exitInterrupted
	default:
		return exitKept
	}
}

// writeJSON writes the report as one JSON object.
func (r report) writeJSON(w io.Writer) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", text)
	return err
}
