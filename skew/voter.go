package skew

import (
	"cmp"
	"context"
	"errors"
	"time"
)

const (
	// firstRetry is when a source that failed is asked again at the latest; then the wait
	// doubles, up to lastRetry or the source's own interval.
	firstRetry = 16 * time.Second
	lastRetry  = 1024 * time.Second
	// againAfter is when a source may be asked once more out of turn, because something
	// surprising happened.
	againAfter = 2 * time.Second
	// longestWait is what a source can ask for: the longest poll interval of NTP, 2^17 s.
	longestWait = 1 << 17 * time.Second
	// longestInterval is how long anything here waits in turn, so that sums do not overflow.
	longestInterval = 366 * 24 * time.Hour
	// heldIntervals is for how many intervals an answer counts.
	heldIntervals = 3
)

// voter is a source with what is remembered of it between rounds.
type voter struct {
	source   Source
	interval time.Duration // that it wants to be left alone for
	due      time.Duration // local time from which it should be asked again
	fails    int           // in a row
	never    bool          // it must not be asked again
	slowed   bool          // it asked for it: nothing makes it due earlier
	early    bool          // it is due out of turn
	spent    bool          // it was asked out of turn, and not since

	asked    bool  // in this round
	err      error // of that
	identity string
	span     span          // of its last answer
	at       time.Duration // local time of it, since the anchor
	round    int           // that it was asked in
	holds    bool          // that there is one that counts
}

// mayBeAsked tells whether it is polite.
func (v *voter) mayBeAsked(now time.Duration) bool {
	return !v.never && (v.interval == 0 || now >= v.due)
}

// ask asks the source, and remembers when to do so again.
func (v *voter) ask(ctx context.Context, local *Local, timeout time.Duration, round int) {
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	at, _ := local.look()
	sample, err := v.source.Measure(bounded, local)
	now, _ := local.look()
	var s span
	if err == nil {
		s, err = sample.span()
	}
	v.spent, v.early = v.early, false
	if refusal := (*Refusal)(nil); err != nil && ctx.Err() != nil && !errors.As(err, &refusal) {
		err = context.DeadlineExceeded // cut short: it was silent for as long as we listened
	}
	v.asked, v.err = true, err
	if err != nil {
		v.failed(now, err)
		return
	}
	v.identity, v.span, v.at, v.round, v.holds = cmp.Or(sample.Identity, "source "+v.source.Name()), s, at, round, true
	v.fails, v.slowed = 0, false
	v.due = now + v.interval
}

func (v *voter) failed(now time.Duration, err error) {
	v.fails++
	v.due = now + v.retry(v.fails)
	var refusal *Refusal
	switch result := resultOf(err); {
	case errors.As(err, &refusal):
		v.never = refusal.Never
		v.slowed = true
		v.interval = max(v.interval, min(max(2*v.interval, time.Minute), longestWait))
		v.due = now + max(v.interval, min(refusal.Retry, longestWait))
		v.holds = v.holds && !v.never
	case result != Timeout: // silence says nothing about the last answer
		v.holds = false
	}
}

// retry is the wait after a number of failures.
func (v *voter) retry(fails int) time.Duration {
	wait, longest := firstRetry, max(v.interval, lastRetry)
	if v.slowed {
		wait = v.interval
	} else if v.interval > 0 {
		wait = min(max(v.interval, time.Second), firstRetry)
	}
	for range fails - 1 {
		if wait >= longest/2 {
			return longest
		}
		wait *= 2
	}
	return wait
}

// hasten lets the source be asked once out of turn.
func (v *voter) hasten(due time.Duration) {
	if !v.early && !v.spent && !v.slowed && due < v.due {
		v.due, v.early = due, true
	}
}

// vote is the voter's span by now; ok is false when it has none.
func (v *voter) vote(now time.Duration, c *config) (_ span, ok bool) {
	if v.holds && now-v.at > heldIntervals*max(v.interval, c.interval) {
		v.holds = false
	}
	return v.span.grow(c.drift.in(now - v.at)), v.holds
}
