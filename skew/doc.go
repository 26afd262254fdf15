// Package skew answers "what time is it, and how wrong may that be?".
//
// A clock that only says what time it is cannot say whether a key has expired:
// the answer depends on how far this machine may be from the truth. So a
// [Clock] gives a [Reading], the interval that holds the true time, and code
// that must not be fooled asks the end of the interval that makes it safe:
//
//	clock := skew.New(skew.WithUncertainty(2 * time.Second))
//	if clock.Read().SurelyAfter(expiry) {
//		// expired, whatever the error of this machine's clock
//	}
//
// Most of goaround needs no wall clock at all: waits and leases are measured on
// the monotonic clock or by the store. What is left are dates that other
// machines wrote: HTTP-dates in Retry-After where the response has no Date of
// its own, and the time inside UUIDv7 idempotency keys.
//
// The package imports the standard library only. The offset and its bound are
// given by the caller ([WithOffset], [WithUncertainty]); with neither, the clock
// is the operating system's with an unknown error, and says so in its [Status].
package skew
