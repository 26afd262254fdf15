package transport

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/goaroundhq/goaround/skew"
)

// firstEpoch is where a number of seconds is read as a point in time: some servers
// send the Unix time at which to return, and 31 years are no wait.
const (
	firstEpoch = 1e9
	lastEpoch  = 1 << 40 // of the year 36812: what is later overflows sooner or later
)

// maxLate is how long after a date we come at most, so as not to come before it by a clock
// that may be fast. Dates name whole seconds; to come early costs one more refusal.
const maxLate = time.Second

// retryAfter returns how long the response asks to wait, 0 when it does not ask or asks for
// a time that is past. Retry-After is a number of seconds or an HTTP-date in any of the
// three forms (RFC 9110, 10.2.3 and 5.6.7); without it a rate limit may ask.
//
// A date is measured from the same response's Date, because then both come from one
// clock and its error cancels; from our clock when there is no Date, or when Age says
// that the response was written long ago.
func retryAfter(resp *http.Response, clock *skew.Clock) time.Duration {
	if wait, ok := retryAfterMs(resp); ok {
		return wait
	}
	value := strings.Trim(resp.Header.Get("Retry-After"), " \t")
	if value == "" {
		return rateLimitReset(resp, clock)
	}
	if isDigits(value) {
		seconds, err := strconv.ParseInt(value, 10, 64)
		switch {
		case err != nil || seconds > lastEpoch:
			return math.MaxInt64
		case seconds < firstEpoch:
			return time.Duration(seconds) * time.Second
		default:
			return until(time.Unix(seconds, 0), resp, clock)
		}
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return until(date, resp, clock)
}

// retryAfterMs reads the fields with which APIs at Azure and OpenAI, and others after their
// pattern, ask for a number of milliseconds, which may have a fraction.
func retryAfterMs(resp *http.Response) (wait time.Duration, ok bool) {
	for _, field := range [...]string{"Retry-After-Ms", "X-Ms-Retry-After-Ms"} {
		value := strings.Trim(resp.Header.Get(field), " \t")
		whole, fraction, _ := strings.Cut(value, ".")
		if value == "" || !isDigits(whole+fraction) {
			continue
		}
		// Not an error: too many digits are infinite, and rightly so.
		if ms, err := strconv.ParseFloat(value, 64); err == nil || math.IsInf(ms, 1) {
			return milliseconds(ms), true
		}
	}
	return 0, false
}

func until(date time.Time, resp *http.Response, clock *skew.Clock) time.Duration {
	if resp.Header.Get("Age") == "" {
		if sent, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
			return max(date.Sub(sent), 0)
		}
	}
	now := clock.Read()
	return max(date.Sub(now.Mid().Add(-min(now.Uncertainty(), maxLate))), 0)
}

func isDigits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}
