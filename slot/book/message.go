package book

import (
	"math"
	"time"
)

// Instant is a time in microseconds on the clock of whoever passes it: the keeper's for a
// [Book], the process's monotonic one for a [Member]. Only durations cross between the two.
type Instant int64

// Mode is what a target is believed to be able to do.
type Mode uint8

const (
	// Clear: first attempts go at once. Only retries take turns.
	Clear Mode = iota
	// Down: nobody is served. One probe at a time goes.
	Down
	// Ramp: it answers again; how much it can do is being found out.
	Ramp
	// Paced: how much it can do is known, and callers wait.
	Paced
)

// String returns the mode in lower case, for logs and metric labels.
func (m Mode) String() string {
	switch m {
	case Clear:
		return "clear"
	case Down:
		return "down"
	case Ramp:
		return "ramp"
	case Paced:
		return "paced"
	default:
		return "invalid"
	}
}

// Tally counts attempts by how they ended.
type Tally struct{ OK, Rejected, Failed int }

// Ask is what a member tells the keeper and wants from it. Durations count in whole
// microseconds.
type Ask struct {
	Member uint64 // random id of the member; for logs, the rules do not look at it

	Waiting int     // callers here without a slot
	New     int     // of them without a ticket
	Want    int     // slots wanted now
	Ticket  float64 // of the first caller that wants one; 0 = it is one of New

	Back   int           // slots given that nobody will use...
	BackAt time.Duration // ...from now to the first of them

	Epoch   int64         // the epoch in which the attempts of Tally were sent
	Tally   Tally         // attempts ended since the last ask: of Epoch...
	Old     Tally         // ...and of earlier ones
	Latency time.Duration // mean latency of the OKs in Tally; 0 = none
	Since   time.Duration // age of the latest success here; 0 = none
	Probed  bool          // the probe that the member was given has ended, or will not be made
}

// Notice is what every member may know. The keeper pushes it when it changes, and as a
// heartbeat; each is complete, so a lost one is made good by the next.
type Notice struct {
	Seq   int64         // grows with each push
	Mode  Mode          // what the target is believed to be able to do
	Epoch int64         // grows when what is known of the rate becomes stale
	Rate  float64       // slots per second
	Head  float64       // the next ticket whose turn comes...
	Ahead time.Duration // ...that much later (Down: the next probe)
	Tail  float64       // the next ticket to be given
	Next  time.Duration // another notice comes by then
	Open  bool          // Down: the next probe has no prober
}

// Answer is what the keeper says to an ask.
type Answer struct {
	Notice
	Slots       int           // given: First + i*Step from now, for i < Slots
	First, Step time.Duration // from now; between two slots
	Probe       bool          // the one slot is a probe
	Ticket      float64       // the first of the Ask's New tickets
	Again       time.Duration // no room: ask for slots again then, not before; 0 = by the Notice
	Push        bool          // the keeper must push the Notice
}

// What an ask may say at most: more is cut, so that no ask can spoil a book.
const (
	maxCount  = 1_000_000
	maxMicros = 3_600_000_000
)

func (a Ask) lawful() Ask {
	a.Waiting, a.New, a.Want, a.Back = count(a.Waiting), count(a.New), count(a.Want), count(a.Back)
	a.Tally, a.Old = a.Tally.lawful(), a.Old.lawful()
	a.BackAt, a.Latency, a.Since = span(a.BackAt), span(a.Latency), span(a.Since)
	if !(a.Ticket >= 1 && a.Ticket <= farthest) { // nor NaN
		a.Ticket = 0
	}
	a.Ticket = math.Floor(a.Ticket)
	return a
}

func (t Tally) lawful() Tally { return Tally{count(t.OK), count(t.Rejected), count(t.Failed)} }

func count(n int) int { return min(max(n, 0), maxCount) }

func span(d time.Duration) time.Duration {
	return min(max(d.Truncate(time.Microsecond), 0), duration(maxMicros))
}
