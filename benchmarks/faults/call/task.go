package call

import (
	"time"

	"github.com/goaroundhq/goaround/benchmarks/faults/site"
)

// Role is the role of this package's process.
const Role = "client"

// Task is what a process of callers is told. Its orders are those of Again, and of Next,
// Next+Step and so on below Calls.
type Task struct {
	Seed              uint64
	Start             time.Time // of the run
	Again             []int
	Next, Step, Calls int

	Callers  int
	Rate     float64 // calls in a second, 0 for as many as go
	Servers  []string
	Pacer    site.Store
	Deadline time.Duration // of each call, 0 for that of its order
	Attempt  time.Duration // how long one may take
}

// How is what became of an order.
type How string

// What can become of an order.
const (
	Acknowledged How = "acknowledged" // there is a receipt, or was
	Unknown      How = "unknown"      // the server says that it cannot know
	GivenUp      How = "given up"     // no answer, or one that says to come again
	Wrong        How = "wrong"        // an answer that nobody should have given
)

// Ending is what became of an order, and why when it was not acknowledged.
type Ending struct {
	Order int
	How   How
	Run   string `json:",omitempty"` // on the receipt; "" when it is done and the receipt was not stored
	Why   string `json:",omitempty"`
	// Failed says why, for each call that was given up.
	Failed []string `json:",omitempty"`
	// Late is how long after its deadline the slowest of its calls came back, Running
	// without the time in which the process stood still.
	Late, Running time.Duration `json:",omitempty"`
	Attempts      int           // of all its calls
}

// Tolerance is how late a call may come back.
const Tolerance = 100 * time.Millisecond

// Overdue is a call that should have come back and has not.
type Overdue struct {
	Order         int
	Late, Running time.Duration // as in an [Ending], until now
}

// Report is what a process of callers says from time to time.
type Report struct {
	Endings  []Ending `json:",omitempty"`
	Attempts int      // since the last report
	// Overdue is the call that is overdue the most, by more than the [Tolerance].
	Overdue *Overdue `json:",omitempty"`
}
