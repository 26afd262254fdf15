package skewntp

import (
	"errors"
	"fmt"
	"time"

	"github.com/beevik/ntp"

	"github.com/goaroundhq/goaround/skew"
)

// ErrImplausible: the server claims to have worked on the query for longer than it took to
// be answered. Its clock was set in between, or it lies.
var ErrImplausible = errors.New("skewntp: answer claims more time than it took")

// ownError is added for the errors of this side: the grain of time stamps, and the time
// between reading the clock and sending.
const ownError = 10 * time.Microsecond

// tolerance is how much longer than possible an answer may seem to take, beyond the grain
// of the server's clock.
const tolerance = time.Millisecond

// judge says why an answer gives no time. The library refuses what is malformed or answers
// another query; Validate refuses what the server itself calls bad.
func judge(r *ntp.Response, w *stopwatch, maxRootDistance time.Duration) error {
	if r.IsKissOfDeath() {
		return kiss(r)
	}
	switch err := r.Validate(); {
	case err == nil:
	case errors.Is(err, ntp.ErrInvalidStratum), errors.Is(err, ntp.ErrInvalidLeapSecond), errors.Is(err, ntp.ErrServerClockFreshness):
		return fmt.Errorf("%w: %w", skew.ErrUnsynchronized, err)
	case errors.Is(err, ntp.ErrInvalidDispersion):
		return fmt.Errorf("%w: %w", skew.ErrDistance, err)
	default:
		return err
	}
	if d := distance(r); d > maxRootDistance || r.Precision < 0 || r.Precision > time.Second {
		return fmt.Errorf("%w: root distance %v, precision %v", skew.ErrDistance, d, r.Precision)
	}
	if half := excess(r, w); half > r.Precision+tolerance/2 {
		return fmt.Errorf("%w: %v more", ErrImplausible, 2*half)
	}
	return nil
}

// distance is how far the server's time may be from the truth: the root distance, and the
// errors of reading both clocks.
func distance(r *ntp.Response) time.Duration { return r.RootDistance + r.Precision + ownError }

// radius is half the width of the interval. While a leap second is announced, nobody knows
// on which side of it the other one is.
func radius(r *ntp.Response, w *stopwatch) time.Duration {
	d := distance(r)
	if r.Leap == ntp.LeapAddSecond || r.Leap == ntp.LeapDelSecond {
		d += time.Second
	}
	if half := excess(r, w); half > 0 { // one of its time stamps is wrong, and nobody knows which
		d += half + w.taken()
	}
	return d
}

// excess is half of what the time between the server's time stamps exceeds the whole trip
// by. The library counts a way of less than nothing as one of 0, which would make a tight
// bound.
func excess(r *ntp.Response, w *stopwatch) time.Duration { return r.Time.Sub(w.last) - r.ClockOffset }

// kiss reads a kiss-o'-death. A server that is not synchronized sends one without a code.
func kiss(r *ntp.Response) error {
	switch r.KissCode {
	case "DENY", "RSTR":
		return &skew.Refusal{Code: r.KissCode, Never: true}
	case "RATE":
		return &skew.Refusal{Code: r.KissCode, Retry: max(r.Poll, 0)}
	default:
		return fmt.Errorf("%w: kiss code %q", skew.ErrUnsynchronized, r.KissCode)
	}
}
