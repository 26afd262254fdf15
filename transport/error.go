package transport

import (
	"errors"
	"fmt"
	"slices"
)

// ErrBody is why a call ended whose body was consumed and cannot be sent again.
var ErrBody = errors.New("transport: request body cannot be sent again")

// errNothing stands in for a RoundTripper that broke its contract.
var errNothing = errors.New("transport: neither response nor error from the next RoundTripper")

// MaxHistory is how many attempts an [Error] tells of.
const MaxHistory = 32

// Error is returned when a call ended without a response after it was retried, or when
// it would have been retried, or when it was not let in ([WithGatedFirst]). It matches, by
// [errors.Is] and [errors.As], what Err and Stop match.
type Error struct {
	Target   string
	Attempts int // that were made
	// Err is the error of the last attempt. When the context ended while the call waited
	// for its next attempt, it is the context's cause, joined with that error.
	Err error
	// Status is that of the last response, when the call ended while it waited;
	// otherwise 0.
	Status int
	// Stop is why there was no further attempt, as in Attempt. It is nil when the last error
	// was final, and when the context ended while the call waited.
	Stop error
	// History is how the attempts ended, the first one first: statuses, errors, and who
	// decided how long to wait after them. Of many, the last MaxHistory are here.
	History []Attempt
}

func (e *Error) Error() string {
	attempts := "1 attempt"
	if e.Attempts != 1 {
		attempts = fmt.Sprintf("%d attempts", e.Attempts)
	}
	if e.Stop == nil {
		return fmt.Sprintf("transport: gave up on %s after %s: %v", e.Target, attempts, e.Err)
	}
	return fmt.Sprintf("transport: gave up on %s after %s (%v): %v", e.Target, attempts, e.Stop, e.Err)
}

// Unwrap returns Err and Stop.
func (e *Error) Unwrap() []error {
	if e.Stop == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.Stop}
}

// Timeout reports whether Err is a timeout, for url.Error, which looks no deeper than
// one level.
func (e *Error) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout()
}

// fail is the error that the call ends with, nil with a response. An error that was
// final at the first attempt is returned as it came.
func (c *call) fail(err error, past history) error {
	last := past[len(past)-1]
	if err == nil || (c.attempt == 1 && last.Verdict == Final) {
		return err
	}
	return c.newError(err, last.Stop, past)
}

func (c *call) newError(err, stop error, past history) *Error {
	return &Error{Target: c.target, Attempts: c.attempt, Err: err, Stop: stop, History: slices.Clone(past)}
}

// history is the last attempts of a call.
type history []Attempt

// with returns the history with one more attempt, and without the first if it is long.
func (h history) with(a Attempt) history {
	if len(h) == MaxHistory {
		h = slices.Delete(h, 0, 1)
	}
	return append(h, a)
}
