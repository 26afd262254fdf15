package transport

import (
	"errors"
	"fmt"
)

// ErrBody is why a call ended whose body was consumed and cannot be sent again.
var ErrBody = errors.New("transport: request body cannot be sent again")

// errNothing stands in for a RoundTripper that broke its contract.
var errNothing = errors.New("transport: neither response nor error from the next RoundTripper")

// Error is returned when a call ended without a response after it was retried, or when
// it would have been retried. It matches, by [errors.Is] and [errors.As], what Err and
// Stop match.
type Error struct {
	Target   string
	Attempts int
	// Err is the error of the last attempt. When the context ended while the call waited
	// for its next attempt, it is the context's cause, joined with that error.
	Err error
	// Status is that of the last response, when the context ended while the call waited;
	// otherwise 0.
	Status int
	// Stop is why there was no further attempt: slot.ErrAttempts, slot.ErrDeadline,
	// slot.ErrHint or ErrBody. It is nil when the last error was final.
	Stop error
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
