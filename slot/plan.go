package slot

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"time"
)

// DefaultMaxHint is the longest wait that a plan accepts from a server.
const DefaultMaxHint = 2 * time.Minute

// Why a call is not tried again. Match them with [errors.Is].
var (
	// ErrAttempts: the call has used all its attempts.
	ErrAttempts = errors.New("slot: no attempts left")
	// ErrDeadline: the next attempt cannot start before the context's deadline,
	// so waiting for it would be in vain.
	ErrDeadline = errors.New("slot: next attempt does not fit before the deadline")
	// ErrHint: the server asks for a longer wait than the plan accepts.
	ErrHint = errors.New("slot: server asks for too long a wait")
)

// Plan says what may happen between two attempts of a call: whether there is a
// next one, and when. It holds no state of a call, so one plan serves any number
// of calls at a time. The zero value retries without limit by [FullJitter].
type Plan struct {
	// MaxAttempts bounds the attempts of a call, the first included. 0 means no
	// bound but the context.
	MaxAttempts int
	// Backoff decides the wait where no pacer does. nil means FullJitter{}.
	Backoff Backoff
	// Pacer coordinates the wait with other callers. nil means nobody does.
	Pacer Pacer
	// MaxHint is the longest wait accepted from a server; 0 means
	// DefaultMaxHint. Beyond it the call ends rather than come back too early.
	MaxHint time.Duration
	// MinAttempt is the time an attempt needs: a turn that leaves less than this
	// before the deadline is refused.
	MinAttempt time.Duration
}

// Source says who decided a wait.
type Source uint8

const (
	// FromBackoff: the plan's own backoff.
	FromBackoff Source = iota
	// FromHint: the server asked for it.
	FromHint
	// FromSlot: the pacer's reservation.
	FromSlot
)

// String returns the source in lower case, for logs and metric labels.
func (s Source) String() string {
	switch s {
	case FromBackoff:
		return "backoff"
	case FromHint:
		return "hint"
	case FromSlot:
		return "slot"
	default:
		return "invalid"
	}
}

// Turn is the permission for one more attempt after a wait. Either Wait for it
// or Cancel it. A Wait that fails has cancelled it.
type Turn struct {
	// Delay is counted from the moment when Next gave the turn. For a pacer that cannot
	// know the slot so early it is an estimate, never above what is possible.
	Delay  time.Duration
	Source Source // who decided the delay
	// PacerErr is the pacer's error when the plan fell back to its backoff.
	PacerErr error

	given       time.Time // zero without a delay
	minAttempt  time.Duration
	reservation Reservation
	backoff     Backoff // of one whose reservation fails
	attempt     int
}

// Next decides about the attempt that would follow the one that f describes.
// The hint is what the server asked to wait, 0 when it asked for nothing.
//
// The wait is the pacer's slot or, without a pacer, a random backoff; a hint is
// never undercut, and without a pacer it is spread, by a random part of up to a
// quarter of it, or by the backoff up to all of it, so that callers who were all told
// the same do not return as one. Next returns ErrAttempts, ErrHint or ErrDeadline when
// there is no next attempt, and the context's cause when it is done already. In every
// case the pacer learns once how the attempt ended.
func (p *Plan) Next(ctx context.Context, target string, f Feedback, hint time.Duration) (Turn, error) {
	f.Hint = max(hint, 0)
	if err := p.refuse(ctx, f, hint); err != nil {
		p.report(target, f)
		return Turn{}, err
	}
	turn, err := p.place(ctx, target, f)
	if err != nil {
		return Turn{}, err
	}
	turn.minAttempt = p.MinAttempt
	if turn.Delay > 0 {
		turn.given = time.Now()
	}
	if !turn.fits(ctx, turn.Delay) {
		turn.Cancel()
		return Turn{}, ErrDeadline
	}
	return turn, nil
}

// refuse says why there is no next attempt, whatever the wait would be.
func (p *Plan) refuse(ctx context.Context, f Feedback, hint time.Duration) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case p.MaxAttempts > 0 && f.Attempt >= p.MaxAttempts:
		return ErrAttempts
	case hint > p.maxHint():
		return ErrHint
	default:
		return nil
	}
}

func (p *Plan) place(ctx context.Context, target string, f Feedback) (Turn, error) {
	if p.Pacer == nil {
		return p.backOff(f), nil
	}
	r, pacerErr := p.Pacer.Reserve(ctx, target, f)
	switch {
	case errors.Is(pacerErr, ErrDeadline):
		return Turn{}, pacerErr
	case ctx.Err() != nil:
		if pacerErr == nil {
			r.Cancel()
		}
		return Turn{}, context.Cause(ctx)
	case pacerErr != nil:
		turn := p.backOff(f)
		turn.PacerErr = pacerErr
		return turn, nil //nolint:nilerr // the turn tells it: a broken pacer is no broken call
	}
	turn := Turn{Delay: max(r.Delay(), 0), Source: FromSlot, reservation: r, backoff: p.backoff(), attempt: f.Attempt}
	if f.Hint > turn.Delay {
		turn.Delay, turn.Source = f.Hint, FromHint
	}
	return turn, nil
}

func (p *Plan) backOff(f Feedback) Turn {
	delay := max(p.backoff().Delay(f.Attempt), 0)
	if hint := f.Hint; hint > 0 {
		spread := max(min(delay, hint), rand.N(hint/4+1))
		return Turn{Delay: hint + min(spread, math.MaxInt64-hint), Source: FromHint}
	}
	return Turn{Delay: delay, Source: FromBackoff}
}

func (p *Plan) backoff() Backoff {
	if p.Backoff == nil {
		return FullJitter{}
	}
	return p.Backoff
}

func (p *Plan) maxHint() time.Duration {
	if p.MaxHint > 0 {
		return p.MaxHint
	}
	return DefaultMaxHint
}

// Wait returns when the turn has come: Delay after Next gave it, or with a reservation
// that is an [Awaiter], when that says so, but not before Delay when that was a server's
// hint. When the context ends first it gives the slot back and returns the context's
// cause; when a slot comes too late it returns an error matching ErrDeadline. When the Awaiter
// fails in another way, the plan's backoff follows.
func (t Turn) Wait(ctx context.Context) error {
	if ctx.Err() != nil {
		t.Cancel()
		return context.Cause(ctx)
	}
	until, least := t.Delay, time.Duration(0)
	if a, ok := t.reservation.(Awaiter); ok {
		switch err := a.Wait(ctx); {
		case ctx.Err() != nil && err != nil:
			return context.Cause(ctx)
		case errors.Is(err, ErrDeadline):
			return err
		case err != nil: // a broken pacer is no broken call
			least = t.instead()
		case t.Source != FromHint:
			until = 0 // it was an estimate
		}
	}
	if until > 0 && !t.given.IsZero() {
		until -= time.Since(t.given)
	}
	if err := sleep(ctx, max(until, least)); err != nil {
		t.Cancel()
		return err
	}
	if t.minAttempt > 0 && !t.fits(ctx, 0) {
		t.Cancel()
		return ErrDeadline
	}
	return nil
}

// instead is the wait of a turn whose reservation fails.
func (t Turn) instead() time.Duration {
	if t.backoff == nil {
		return 0
	}
	return t.backoff.Delay(t.attempt)
}

// fits reports whether an attempt that starts after d has the time it needs.
func (t Turn) fits(ctx context.Context, d time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline)-d > t.minAttempt
}

// sleep returns nil after d, at once when that is not positive, or the context's cause.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Cancel gives up the turn and returns its slot, if a pacer booked one. After Wait it is for
// an attempt whose outcome the pacer will not be told: a [Queue] then does not wait for it.
func (t Turn) Cancel() {
	if t.reservation != nil {
		t.reservation.Cancel()
	}
}
