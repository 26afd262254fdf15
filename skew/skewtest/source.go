package skewtest

import (
	"context"
	"sync"
	"time"

	"github.com/goaroundhq/goaround/skew"
)

// Source is a skew.Source that knows the true time, which is time.Now, and says what it is
// told to. Set its fields before it is used; it is safe for concurrent use.
type Source struct {
	// Label is its name, and Interval how long it wants to be left alone.
	Label    string
	Interval time.Duration
	// Radius is half the width of its answers. The truth may be anywhere in an answer that
	// Answer does not shift.
	Radius time.Duration
	// Answer is asked about the n-th measurement, the first is 1: how far the answer is off,
	// or the error. nil gives right answers.
	Answer func(ctx context.Context, n int) (lie time.Duration, err error)
	// Identity is who gives the answer.
	Identity string

	mu sync.Mutex
	n  int
}

// Name is the label.
func (s *Source) Name() string { return s.Label }

// MinInterval is the interval.
func (s *Source) MinInterval() time.Duration { return s.Interval }

// Measured is how often it was asked.
func (s *Source) Measured() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

// Measure answers.
func (s *Source) Measure(ctx context.Context, local *skew.Local) (skew.Sample, error) {
	s.mu.Lock()
	s.n++
	n := s.n
	s.mu.Unlock()
	var lie time.Duration
	if s.Answer != nil {
		var err error
		if lie, err = s.Answer(ctx, n); err != nil {
			return skew.Sample{}, err
		}
	}
	offset := time.Now().Round(0).Sub(local.Now()) + lie
	return skew.Sample{Low: offset - s.Radius, High: offset + s.Radius, Identity: s.Identity}, nil
}
