package server

import (
	"context"
	"time"
)

// Verdict is what [Admission] decides about a request.
type Verdict string

// The verdicts.
const (
	// Admitted: the request goes to its handler.
	Admitted Verdict = "admitted"
	// Refused: it is answered with 503 and a slot.
	Refused Verdict = "refused"
	// Left: its context ended while it waited for a place.
	Left Verdict = "left"
)

// Entry describes what was decided about a request.
type Entry struct {
	Verdict Verdict
	// Claimed: the request came for its seat with a ticket, in time.
	Claimed bool
	// Waited is how long it waited inside for a place.
	Waited time.Duration
	// Slot is when a refused caller was told to come back, from now.
	Slot time.Duration
	// Kept: a seat is kept for the refused caller there. It is not when the slot would
	// lie beyond the horizon, or when too many are kept already.
	Kept bool
	// Waiting is how many others wait inside.
	Waiting int
	// Rate is how many requests in a second the limit lets in, as far as is known.
	Rate float64
}

// AdmissionObserver is told what [Admission] does. Functions that are nil cost nothing;
// the others are called on the request's path and must be quick.
type AdmissionObserver struct {
	// Decided is called once for each request, before its handler or its refusal.
	Decided func(ctx context.Context, e Entry)
}
