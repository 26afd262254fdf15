package skew

import "time"

// Status says how far a [Reading] can be trusted.
type Status uint8

const (
	// Unknown: nobody has bounded the error of this clock. Earliest and Latest
	// are the same instant, and that instant may be wrong by any amount.
	Unknown Status = iota
	// Bounded: the true time lies between Earliest and Latest as long as the
	// bound that the caller gave holds.
	Bounded
)

// String returns the status in lower case, for logs and metric labels.
func (s Status) String() string {
	switch s {
	case Unknown:
		return "unknown"
	case Bounded:
		return "bounded"
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
