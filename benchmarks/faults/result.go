package main

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/faults/call"
	"github.com/goaroundhq/goaround/benchmarks/faults/serve"
	"github.com/goaroundhq/goaround/benchmarks/machine"
)

// result is what came of a run.
type result struct {
	Date      time.Time       `json:"date"`
	Machine   string          `json:"machine"`
	Seed      uint64          `json:"seed"`
	Store     string          `json:"store"`
	Replicas  int             `json:"replicas,omitempty"` // waited for
	Guarantee serve.Guarantee `json:"guarantee"`
	Nemesis   string          `json:"nemesis"`
	Rate      float64         `json:"rate,omitempty"`     // orders in a second, 0 for as many as went
	Outage    time.Duration   `json:"outage,omitempty"`   // of the pacer, 0 for 1 to 3 s
	Deadline  time.Duration   `json:"deadline,omitempty"` // of each call, 0 for several
	Servers   int             `json:"servers"`
	Clients   int             `json:"clients"`
	Callers   int             `json:"callers"`

	Calls        int `json:"calls"`
	Acknowledged int `json:"acknowledged"`
	Unknown      int `json:"unknown"`
	NotStored    int `json:"response_not_stored"` // of those acknowledged or repeated: done, but the store was too full for the receipt
	Unsettled    int `json:"unsettled"`           // neither, in the end, or not answered when repeated
	Wrong        int `json:"wrong_response"`      // an answer that nobody should have given
	FailedCalls  int `json:"failed_calls"`        // calls that were given up; an order may be called for three times
	GivenUp      int `json:"given_up"`            // orders, which were called for again when all was mended
	Repeated     int `json:"repeated"`            // acknowledged orders that were called for again in the end
	Changed      int `json:"changed_answers"`     // of those, the ones that were not answered as before

	Effects          int `json:"effects"`
	DuplicateEffects int `json:"duplicate_effects"`
	LostAcknowledged int `json:"lost_acknowledged"`      // the run on the receipt is not among the effects
	Unacknowledged   int `json:"unacknowledged_effects"` // of orders that nobody got a receipt for
	Stray            int `json:"stray_effects"`          // of no order

	// Counted by the servers, at least: what one that is killed has not told is lost.
	Fenced    int          `json:"fenced"`
	Recovered int          `json:"recovered"`
	Outcomes  serve.Counts `json:"outcomes"`

	MaxBlock    float64 `json:"max_block_ms"`     // beyond the deadline of a call, while its process ran
	MaxBlockRaw float64 `json:"max_block_raw_ms"` // the same with the time in which it stood still
	Latest      string  `json:"max_block_call,omitempty"`

	Attempts      int            `json:"attempts"`
	NemesisEvents map[string]int `json:"nemesis_events"`
	Seconds       float64        `json:"seconds"`          // of the storm
	PerSecond     float64        `json:"calls_per_second"` // without orders that were given up
	Reasons       map[string]int `json:"failed_reasons,omitempty"`
	WrongAnswers  []string       `json:"wrong_answers,omitempty"`
	// Broken are the promises that were not kept, and by how much.
	Broken []string `json:"broken"`
	// Forgets: the store was made to lose what it had confirmed.
	Forgets bool `json:"forgets,omitempty"`
}

// newResult counts.
func newResult(c config, f *fleet, w *storm, effects map[string][]string, took time.Duration) result {
	r := result{
		Date: time.Now().UTC().Truncate(time.Second), Machine: machine.Kind(),
		Seed: c.seed, Store: string(c.store), Replicas: c.replicas, Guarantee: c.guarantee, Nemesis: c.names,
		Rate: c.rate, Outage: c.outage, Deadline: c.deadline,
		Servers: c.servers, Clients: c.clients, Callers: c.callers, Calls: c.calls,
		FailedCalls: f.book.failed, GivenUp: f.book.givenUp, Attempts: f.book.attempts, Reasons: f.book.reasons, WrongAnswers: f.book.wrong,
		MaxBlock: milliseconds(f.book.running), MaxBlockRaw: milliseconds(f.book.late), Latest: f.book.latest,
		NotStored: f.book.faded, Unsettled: f.book.unanswered(), Repeated: f.book.repeated, Changed: f.book.changed,
		Fenced: f.counts[serve.Fenced], Recovered: f.counts[serve.Recovered], Outcomes: f.counts,
		NemesisEvents: w.events, Seconds: round(took.Seconds()), PerSecond: math.Round(float64(c.calls-f.book.givenUp) / took.Seconds()),
		Broken: []string{}, Forgets: c.forgets(),
	}
	for _, runs := range effects {
		r.Effects += len(runs)
		r.DuplicateEffects += len(runs) - 1
	}
	r.Stray = r.Effects
	for number, order := range f.book.orders {
		runs := effects[call.NewOrder(c.seed, f.start, number).Name()]
		r.Stray -= len(runs)
		r.add(order, runs)
	}
	for _, p := range promises(r) {
		if p.observed > p.bound {
			r.Broken = append(r.Broken, fmt.Sprintf("%s: %v, promised %v", p.what, p.observed, p.bound))
		}
	}
	return r
}

// add counts an order with the runs that had its effect.
func (r *result) add(order entry, runs []string) {
	switch order.how {
	case call.Acknowledged:
		r.Acknowledged++
		if order.run == "" {
			r.NotStored++
		}
		if len(runs) == 0 || order.run != "" && !slices.Contains(runs, order.run) {
			r.LostAcknowledged++
		}
		return
	case call.Unknown:
		r.Unknown++
	case call.Wrong:
		r.Wrong++
	default:
		r.Unsettled++
	}
	if len(runs) > 0 {
		r.Unacknowledged++
	}
}

func milliseconds(d time.Duration) float64 { return round(float64(d) / float64(time.Millisecond)) }

// round leaves a decimal: more would pretend to be exact.
func round(v float64) float64 { return math.Round(v*10) / 10 }
