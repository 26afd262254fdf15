package sim

import "time"

// Bin is the width of a bin of Outcome.Arrivals and Outcome.Completions.
const Bin = 100 * time.Millisecond

// Outcome is what came of one run. Paced attempts are all those but first attempts that
// were sent at once: somebody decided when to send them.
type Outcome struct {
	Strategy  string
	Callers   int             // of the cohort
	Done      int             // of them were served
	Latencies []time.Duration // theirs, from birth to success, in order of size
	Drain     time.Duration   // from the end of the outage to the last of them
	Ideal     time.Duration   // what it could have been for as many
	Calls     int             // attempts in all
	Successes int             // of them
	Paced     int             // of them
	Peak      int             // most paced attempts that arrived in any 100 ms
	PeakAfter int             // of those after the outage
	Stores    int             // calls of the store
	Capacity  float64         // after the outage, per second

	Arrivals    []int // all attempts that reached the server, by Bin
	Completions []int // successes, by Bin
}

// DonePercent is the share of callers who were served.
func (o Outcome) DonePercent() float64 { return 100 * ratio(o.Done, o.Callers) }

// CallsPerSuccess is all attempts by all successes.
func (o Outcome) CallsPerSuccess() float64 { return ratio(o.Calls, o.Successes) }

// DrainOverIdeal is how many times longer it took than it had to. It says nothing unless
// everyone was served.
func (o Outcome) DrainOverIdeal() float64 {
	if o.Ideal == 0 {
		return 0
	}
	return o.Drain.Seconds() / o.Ideal.Seconds()
}

// PeakOverCapacity is the peak of paced attempts, in parts of what the server can do in
// the same time.
func (o Outcome) PeakOverCapacity() float64 { return o.perBin(o.Peak) }

// PeakAfterOverCapacity is the same for what arrived after the outage.
func (o Outcome) PeakAfterOverCapacity() float64 { return o.perBin(o.PeakAfter) }

func (o Outcome) perBin(n int) float64 { return float64(n) / (o.Capacity * Bin.Seconds()) }

// StoresPerPaced is calls of the store by paced attempts.
func (o Outcome) StoresPerPaced() float64 { return ratio(o.Stores, o.Paced) }

// Percentile is of the latencies; 0 when nobody was served.
func (o Outcome) Percentile(p float64) time.Duration {
	if len(o.Latencies) == 0 {
		return 0
	}
	return o.Latencies[min(int(p/100*float64(len(o.Latencies))), len(o.Latencies)-1)]
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
