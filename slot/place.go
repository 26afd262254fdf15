package slot

import (
	"context"
	"errors"
	"time"

	"github.com/goaroundhq/goaround/slot/book"
)

var errCancelled = errors.New("slot: reservation was cancelled")

// place is a caller's place in a line.
type place struct {
	ctx       context.Context // of the caller, for the observer
	line      *line
	caller    book.Caller
	attempt   int // that ended; 0 for one that was not made yet
	asked     time.Time
	notBefore time.Time // what the server asked for; zero for nothing
	deadline  time.Time
	limited   bool // there is a deadline

	enlisted bool        // the member knows of it; under the line's lock
	hint     *time.Timer // enlists it later
	over     bool        // given back; under the line's lock
	probe    bool        // the slot was given for a probe; likewise

	decided chan struct{} // closed when at or err is known
	at      time.Time
	err     error
}

var _ Awaiter = (*place)(nil)

func (l *line) newPlace(ctx context.Context, f Feedback) *place {
	l.last++
	p := &place{
		ctx: ctx, line: l, caller: l.last, attempt: f.Attempt, asked: time.Now(), decided: make(chan struct{}),
	}
	p.deadline, p.limited = ctx.Deadline()
	if f.Hint > 0 {
		p.notBefore = p.asked.Add(f.Hint)
	}
	return p
}

// tooLate reports whether a wait that begins now does not end before the deadline.
func (p *place) tooLate(wait time.Duration) bool {
	return p.limited && time.Until(p.deadline) <= wait
}

// unpacedTries bounds how many attempts unpaced looks ahead.
const unpacedTries = 64

// unpaced is when a parked caller goes whom nobody paces any more: when it would if it had
// waited by the fallback from the beginning, and had failed until now. A herd that was parked
// for long has few attempts behind it, and with what the fallback has for those it would go
// all at once.
func (p *place) unpaced(fallback Backoff, now time.Time) time.Time {
	at, attempt := p.asked, max(p.attempt, 1)
	if p.notBefore.After(at) {
		at = p.notBefore
	}
	for range unpacedTries {
		at = at.Add(max(fallback.Delay(attempt), 0))
		if !at.Before(now) {
			return at
		}
		attempt++
	}
	return now.Add(max(fallback.Delay(attempt), 0))
}

// Delay implements [Reservation].
func (p *place) Delay() time.Duration {
	select {
	case <-p.decided:
		return max(time.Until(p.at), 0)
	default:
	}
	p.line.mu.Lock()
	defer p.line.mu.Unlock()
	return max(p.line.estimate(p), time.Until(p.notBefore), 0)
}

// Wait implements [Awaiter].
func (p *place) Wait(ctx context.Context) error {
	select {
	case <-p.decided:
	case <-ctx.Done():
		p.Cancel()
		return context.Cause(ctx)
	}
	if p.err != nil {
		return p.err
	}
	if err := sleep(ctx, time.Until(p.at)); err != nil {
		p.Cancel()
		return err
	}
	return nil
}

// Cancel implements [Reservation]. A slot whose time has come is used up; if it was for a
// probe, nobody waits for its outcome any more.
func (p *place) Cancel() {
	l := p.line
	l.mu.Lock()
	defer l.unlock()
	if p.over {
		return
	}
	p.over = true
	switch {
	case l.parked[p.caller] == p:
		if p.enlisted {
			l.member.Leave(l.queue.now(), p.caller)
		}
		l.decide(p, time.Time{}, errCancelled)
	case p.probe:
		l.member.Unmade(l.queue.now())
	}
}

// estimate is the earliest possible slot of one who is parked.
func (l *line) estimate(p *place) time.Duration {
	if !p.enlisted {
		return 0
	}
	return l.member.EstimateOf(l.queue.now(), p.caller)
}

const (
	// refuseEvery is how often those are looked for who wait in vain, besides when the store
	// has said something.
	refuseEvery = 100 * time.Millisecond
	// refuseTries is how many are looked at then, in the map's random order: each look is a
	// search, and however many are parked, settling must be quick.
	refuseTries = 64
)

// refuse tells those for whom no slot comes before their deadline.
func (l *line) refuse() {
	now := time.Now()
	if now.Before(l.refuseAt) {
		return
	}
	l.refuseAt, l.refuseMore = now.Add(refuseEvery), false
	tries := refuseTries
	for _, p := range l.parked {
		if tries == 0 {
			l.refuseMore = true
			return
		}
		tries--
		if !p.limited || !p.tooLate(l.estimate(p)) {
			continue
		}
		if p.enlisted {
			l.member.Leave(l.queue.now(), p.caller)
		}
		l.decide(p, time.Time{}, ErrDeadline)
	}
}
