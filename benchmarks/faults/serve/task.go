package serve

import (
	"time"

	"github.com/goaroundhq/goaround/benchmarks/faults/site"
)

// Role is the role of this package's process.
const Role = "server"

// Guarantee is what the server promises of an order.
type Guarantee string

// The guarantees.
const (
	AtMostOnce  Guarantee = "at-most-once"
	AtLeastOnce Guarantee = "at-least-once"
	ExactlyOnce Guarantee = "exactly-once"
	// Naive is none at all: no middleware. What it does to orders shows that the faults bite.
	Naive Guarantee = "naive"
)

// Effects is the SQL that makes the table in which ExactlyOnce has its effects. Nothing in
// it is unique, as nothing is in the ledger.
const Effects = `CREATE TABLE effects (name TEXT NOT NULL, run TEXT NOT NULL)`

// Task is what a server is told.
type Task struct {
	Store        site.Store
	Ledger       string // its address
	Guarantee    Guarantee
	Lease        time.Duration
	StoreTimeout time.Duration
	Replicas     int // that are waited for
	Orders       int // that may run at once
}

// Report is what a server says, first with its address and then from time to time.
type Report struct {
	Address string `json:",omitempty"`
	Counts  Counts `json:",omitempty"` // since the last report
}

// Counts is how often something happened: what the middleware did with a request, by the
// outcome that its observer is told, and besides that Fenced and Recovered.
type Counts map[string]int

// Besides the outcomes of requests.
const (
	Fenced    = "fenced"    // runs that were overtaken by another
	Recovered = "recovered" // unknown outcomes that the ledger knew
)
