package skew

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Source is something that knows the time. The clock asks each source once in a round, all
// of them at the same time, and never the same one twice at a time.
type Source interface {
	// Name names the source in reports. It must not change.
	Name() string
	// MinInterval is how long the source wants to be left alone after it was asked. With 0
	// it may be asked at any time, because that costs nobody anything; such a source is
	// asked in each round, even after it failed.
	MinInterval() time.Duration
	// Measure finds out how far the local time is from the truth. It must return soon after
	// the context ends. Errors that say more than that it failed are ErrUnsynchronized,
	// ErrDistance and a *Refusal.
	Measure(ctx context.Context, local *Local) (Sample, error)
}

// Sample is what a source found: true time - local time is at least Low and at most High.
type Sample struct {
	Low, High time.Duration
	// Identity is who gave the answer, "" for the source itself. Sources whose answers came
	// from the same one have one vote together.
	Identity string
}

// Why a source gave no time. Match them with [errors.Is].
var (
	// ErrUnsynchronized: the source says that it does not know the time itself.
	ErrUnsynchronized = errors.New("skew: source is not synchronized")
	// ErrDistance: the source is too far from the truth, by its own account.
	ErrDistance = errors.New("skew: source may be too far off")
	// ErrNotSupported: this platform has no such source.
	ErrNotSupported = errors.New("skew: source not supported on this platform")
	// ErrNothingHeard: a source that learns by listening has heard nothing yet.
	ErrNothingHeard = errors.New("skew: nothing heard yet")
)

// Refusal is the error of a source that does not want to be asked (the kiss-o'-death of
// RFC 5905, 7.4).
type Refusal struct {
	Code string // such as RATE or DENY
	// Retry is when it may be asked again at the earliest, from now. The clock doubles the
	// source's interval in any case.
	Retry time.Duration
	// Never: it must not be asked again by this process.
	Never bool
}

func (r *Refusal) Error() string {
	if r.Never {
		return fmt.Sprintf("skew: source refuses to serve us (%s)", r.Code)
	}
	return fmt.Sprintf("skew: source asks us to slow down (%s)", r.Code)
}

// farthest is how far off a clock may be, some 140 years: differences of such offsets do not
// overflow.
const farthest = 140 * 365 * 24 * time.Hour

// span checks that the sample is one.
func (s Sample) span() (span, error) {
	if s.Low > s.High || s.Low < -farthest || s.High > farthest {
		return span{}, fmt.Errorf("skew: no interval of offsets: [%v, %v]", s.Low, s.High)
	}
	return span{s.Low, s.High}, nil
}
