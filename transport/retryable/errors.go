package retryable

import (
	"errors"
	"fmt"

	"github.com/goaroundhq/goaround/transport"
)

var (
	errNothing = errors.New("retryable: neither response nor error from the ErrorHandler")
	errEmpty   = errors.New("retryable: neither response nor error from the client")
)

// policyError is what a call ends with by the word of its CheckRetry.
type policyError struct {
	attempts int
	verdict  error
	err      error // of the last attempt; nil when there was a response
}

func (e *policyError) Error() string {
	text := fmt.Sprintf("retryable: gave up after %d attempts: %v", e.attempts, e.verdict)
	if e.attempts == 1 {
		text = fmt.Sprintf("retryable: gave up after 1 attempt: %v", e.verdict)
	}
	if e.err != nil {
		text += fmt.Sprintf(" (%v)", e.err)
	}
	return text
}

// Unwrap returns what the CheckRetry said and how the last attempt ended.
func (e *policyError) Unwrap() []error {
	if e.err == nil {
		return []error{e.verdict}
	}
	return []error{e.verdict, e.err}
}

// Timeout is for url.Error, which looks no deeper than one level.
func (e *policyError) Timeout() bool {
	for _, err := range e.Unwrap() {
		var t interface{ Timeout() bool }
		if errors.As(err, &t) && t.Timeout() {
			return true
		}
	}
	return false
}

// timeoutError is what the timeout of an attempt caused, as a net.Error.
type timeoutError struct{ err error }

func (e *timeoutError) Error() string {
	return transport.ErrAttemptTimeout.Error() + ": " + e.err.Error()
}
func (e *timeoutError) Unwrap() []error { return []error{transport.ErrAttemptTimeout, e.err} }
func (*timeoutError) Timeout() bool     { return true }
func (*timeoutError) Temporary() bool   { return true }

// prepareError is why an attempt was not made.
type prepareError struct{ err error }

func (e *prepareError) Error() string { return "retryable: PrepareRetry: " + e.err.Error() }
func (e *prepareError) Unwrap() error { return e.err }

func is[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}
