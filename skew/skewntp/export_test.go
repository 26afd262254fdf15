package skewntp

import (
	"time"

	"github.com/beevik/ntp"
)

// Judged is the interval of offsets that an answer makes which came after trip, by a server
// that says it got the query offset after it was sent and worked on it for claim.
func Judged(trip, offset, claim time.Duration) (low, high time.Duration, err error) {
	w := &stopwatch{last: pivot.Add(trip)}
	r := &ntp.Response{
		Stratum:       1,
		Time:          pivot.Add(offset + claim),
		ReferenceTime: pivot.Add(-time.Minute),
		ClockOffset:   offset + (claim-trip)/2,
		RootDistance:  max(trip-claim, 0) / 2,
	}
	d := radius(r, w)
	return r.ClockOffset - d, r.ClockOffset + d, judge(r, w, DefaultMaxRootDistance)
}
