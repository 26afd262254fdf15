package book

import "time"

// Caller names one waiting call. Whoever drives a member chooses it, unique within it.
type Caller uint64

// Result is how an attempt ended, seen by the target's capacity.
type Result uint8

const (
	// Success: the target did its work.
	Success Result = iota
	// Rejected: the target answered that it has no room.
	Rejected
	// Failed: no answer, or one that says that the target is broken.
	Failed
)

// Feedback tells how an attempt ended.
type Feedback struct {
	Result  Result
	Latency time.Duration // from sending it to its result
	Attempt int           // which attempt of its call it was; the first is 1
}
