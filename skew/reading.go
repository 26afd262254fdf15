package skew

import "time"

// Status says how far a [Reading] can be trusted. Every status but [Unknown] comes with
// a bound: Earliest and Latest are as far apart as the clock may be wrong.
type Status uint8

const (
	// Unknown: nobody has bounded the error of this clock. Earliest and Latest
	// are the same instant, and that instant may be wrong by any amount.
	Unknown Status = iota
	// Bounded: the true time lies between Earliest and Latest, as long as fewer than half
	// of the sources that answer lie, and the local clock drifts no faster than
	// WithMaxDrift says; before any source was heard, as long as the bound holds that the
	// caller gave.
	Bounded
	// Disagree: in the last round no majority of sources agreed, or what they agreed on
	// contradicts what was known and is not confirmed yet. The reading is the one from
	// before, and its interval has grown since.
	Disagree
	// Disrupted: the operating system's clock jumped since the last round. When it was
	// stepped the reading is as good as before, because it does not follow such steps.
	// When the machine was suspended, the time that it slept is added on Linux; elsewhere
	// the reading is late by that much until the next round. Until then a reading costs a
	// few system calls more.
	Disrupted
)

// String returns the status in lower case, for logs and metric labels.
func (s Status) String() string {
	switch s {
	case Unknown:
		return "unknown"
	case Bounded:
		return "bounded"
	case Disagree:
		return "disagree"
	case Disrupted:
		return "disrupted"
	default:
		return "invalid"
	}
}

// Reading is one look at a clock: the true time lies in [Earliest, Latest].
// The idea is that of TrueTime (Corbett et al., Spanner, OSDI 2012).
type Reading struct {
	Earliest, Latest time.Time
	Status           Status
}

// Mid is the middle of the interval, the best single guess.
func (r Reading) Mid() time.Time { return r.Earliest.Add(r.Latest.Sub(r.Earliest) / 2) }

// Uncertainty is half the width of the interval: Mid is off by at most this.
func (r Reading) Uncertainty() time.Duration { return r.Latest.Sub(r.Earliest) / 2 }

// SurelyAfter reports whether the true time is after t in every case that the
// interval allows.
func (r Reading) SurelyAfter(t time.Time) bool { return r.Earliest.After(t) }

// SurelyBefore reports whether the true time is before t in every case that the
// interval allows.
func (r Reading) SurelyBefore(t time.Time) bool { return r.Latest.Before(t) }
