package skew

import (
	"context"
	"errors"
	"time"
)

// Result is what became of a source in a round, in a few words that serve as metric labels.
type Result string

const (
	// OK: it answered, and agrees with the majority.
	OK Result = "ok"
	// Held: it was not asked, because it wants to be left alone for now, or did not answer;
	// its last answer, widened by drift, agrees with the majority.
	Held Result = "held"
	// Falseticker: it contradicts the majority.
	Falseticker Result = "falseticker"
	// Undecided: it gave a time, but there is no majority.
	Undecided Result = "undecided"
	// Duplicate: another source gave the answer of the same server.
	Duplicate Result = "duplicate"
	// Waiting: it has no answer that counts, because it may not be asked yet, or because the
	// machine slept after it answered.
	Waiting Result = "waiting"
	// Refused: it does not want to be asked (Refusal).
	Refused Result = "refused"
	// Unsynchronized: it says that it does not know the time (ErrUnsynchronized).
	Unsynchronized Result = "unsynchronized"
	// Distant: it may be too far off, by its own account (ErrDistance).
	Distant Result = "distant"
	// Timeout: it did not answer in time.
	Timeout Result = "timeout"
	// Failed: it could not be asked, or answered something else.
	Failed Result = "failed"
)

// Why a round did not give a time. Match them with [errors.Is].
var (
	// ErrNoSources: the clock has no sources to ask.
	ErrNoSources = errors.New("skew: clock has no sources")
	// ErrTooFew: no source answered, or fewer than WithMinAgreeing asks for.
	ErrTooFew = errors.New("skew: too few sources answered")
	// ErrDisagree: no majority of the sources agrees. Who of them lies cannot be known.
	ErrDisagree = errors.New("skew: sources disagree")
	// ErrUnconfirmed: the sources agree on something that contradicts what was known, or is
	// farther from the operating system's clock than WithMaxOffset. It is believed when a
	// second round says the same.
	ErrUnconfirmed = errors.New("skew: surprising time, to be confirmed by a second round")
)

// Report is what happened in one round.
type Report struct {
	// Offset, Uncertainty and Status are of the clock after the round.
	Offset, Uncertainty time.Duration
	Status              Status
	// Jump is by how much the operating system's clock was set forward since the last round
	// that gave a time, or the machine slept; what is below 100 ms is 0.
	Jump time.Duration
	// Agreeing of the Voting sources agree; it takes Needed of them.
	Agreeing, Voting, Needed int
	Sources                  []SourceReport // in the order of WithSources
	// Err is why the round gave no time: it wraps ErrTooFew and what the sources said,
	// ErrDisagree or ErrUnconfirmed.
	Err error
}

// SourceReport is what happened to one source in a round.
type SourceReport struct {
	Source string
	Result Result
	// Offset of true time from the operating system's, by the source's account, and how
	// exact that is. Both are 0 when the source has no vote.
	Offset, Uncertainty time.Duration
	Err                 error // of the source, when it was asked
}

// Observer is told what a clock does. Functions that are nil cost nothing; the others are
// called in the round, so they must be quick and must not start another.
type Observer struct {
	// Synced is called after each round, whether it gave a time or not; not after one that
	// was cancelled.
	Synced func(ctx context.Context, r Report)
}

// and returns an observer that tells o and then next.
func (o Observer) and(next Observer) Observer {
	switch {
	case o.Synced == nil:
		return next
	case next.Synced == nil:
		return o
	default:
		return Observer{Synced: func(ctx context.Context, r Report) {
			o.Synced(ctx, r)
			next.Synced(ctx, r)
		}}
	}
}

// resultOf names a source's error.
func resultOf(err error) Result {
	var refusal *Refusal
	var timeout interface{ Timeout() bool }
	switch {
	case err == nil:
		return OK
	case errors.As(err, &refusal):
		return Refused
	case errors.Is(err, ErrUnsynchronized):
		return Unsynchronized
	case errors.Is(err, ErrDistance):
		return Distant
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return Timeout
	default:
		return Failed
	}
}
