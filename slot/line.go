package slot

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goaroundhq/goaround/slot/book"
)

// line is where the callers of one target stand in this process. Its member decides; the
// line tells it the time and what happens, asks the store for it, and wakes callers. All of
// that happens under the lock, in whoever's goroutine something happened: a caller's, a
// timer's, or one that asked the store.
type line struct {
	queue  *Queue
	target string
	clear  atomic.Bool // first attempts pass, as settle saw it last
	gone   atomic.Bool // written under the lock; the queue has another line, or none

	mu         sync.Mutex
	member     *book.Member
	parked     map[book.Caller]*place
	last       book.Caller
	mode       book.Mode // as last heard
	active     time.Time // when there was last a reason to remember the target
	asks       uint64    // in the background
	asking     bool
	circuit    circuit
	ears       ears
	refuseAt   time.Time // when to look again for those who wait in vain
	refuseMore bool      // not all were looked at
	timer      *time.Timer
	wake       time.Time // when timer is to fire; zero when it is not
	news       []func()  // for the observer, when the lock is free
}

// unlock settles what the holder of the lock changed, and gives the lock back.
func (l *line) unlock() {
	if !l.gone.Load() {
		l.settle()
	}
	news := l.news
	l.news = nil
	l.mu.Unlock()
	for _, tell := range news {
		tell()
	}
}

// settle draws the consequences of what happened.
func (l *line) settle() {
	l.ask()
	l.handOut()
	l.refuse()
	l.clear.Store(l.circuit.open() || l.member.Clear())
	l.listen()
	l.setTimer()
}

// reserve places a caller whose attempt ended as f says.
func (l *line) reserve(ctx context.Context, f Feedback) (Reservation, error) {
	l.active = time.Now()
	now := l.queue.now()
	if l.circuit.open() {
		l.member.Ended(now, f.book())
		return nil, l.unavailable()
	}
	p := l.newPlace(ctx, f)
	if p.tooLate(max(l.member.Estimate(now), f.Hint)) {
		l.member.Ended(now, f.book())
		return nil, ErrDeadline
	}
	l.parked[p.caller] = p
	if f.Hint <= 0 {
		l.member.Wait(now, p.caller, f.book())
		p.enlisted = true
		l.settle() // so that Delay knows what there is to know
		return p, nil
	}
	// The caller joins those who wait when the server's wait is over; until then it
	// would take slots that others can use.
	l.member.Ended(now, f.book())
	p.hint = time.AfterFunc(f.Hint, func() {
		l.mu.Lock()
		defer l.unlock()
		l.join(p)
	})
	return p, nil
}

// admit places a first attempt.
func (l *line) admit(ctx context.Context) (Reservation, error) {
	if l.circuit.open() || l.member.Clear() {
		return pass{}, nil
	}
	p := l.newPlace(ctx, Feedback{})
	if p.tooLate(l.member.Estimate(l.queue.now())) {
		return nil, ErrDeadline
	}
	l.active = time.Now()
	l.parked[p.caller] = p
	l.member.Gate(l.queue.now(), p.caller)
	p.enlisted = true
	l.settle()
	return p, nil
}

// join makes a caller who is parked wait for a slot, now that the server's wait is over.
func (l *line) join(p *place) {
	if l.parked[p.caller] == p {
		l.member.Join(l.queue.now(), p.caller, p.attempt)
		p.enlisted = true
	}
}

// succeeded counts a success after which no slot is wanted, and gives the lock back. When the
// target is clear that has no consequences, so there is nothing to settle.
func (l *line) succeeded(f Feedback) {
	l.member.Ended(l.queue.now(), f.book())
	if l.member.Clear() {
		l.mu.Unlock()
		return
	}
	l.unlock()
}

// handOut gives callers the slots that the member has for them.
func (l *line) handOut() {
	for {
		grants := l.member.Granted(l.queue.now())
		if len(grants) == 0 {
			return
		}
		for _, g := range grants {
			l.grant(l.parked[g.Caller], g)
		}
	}
}

// grant gives a caller the slot that has come for it, unless it comes too late.
func (l *line) grant(p *place, g book.Grant) {
	at := l.queue.time(g.At)
	if p.limited && !at.Before(p.deadline) {
		if g.Probe {
			l.member.Unmade(l.queue.now())
		}
		l.decide(p, time.Time{}, ErrDeadline)
		return
	}
	p.probe = g.Probe
	l.decide(p, at, nil)
	if tell := l.queue.config.observer.Granted; tell != nil {
		wait := max(at.Sub(p.asked), 0)
		l.news = append(l.news, func() { tell(p.ctx, GrantedInfo{Target: l.target, Wait: wait}) })
	}
}

// decide tells a parked caller when its slot is, or why there is none.
func (l *line) decide(p *place, at time.Time, err error) {
	delete(l.parked, p.caller)
	if p.hint != nil {
		p.hint.Stop()
	}
	p.at, p.err = at, err
	close(p.decided)
}

// setTimer has settle called again when the member wants it, and to be forgotten.
func (l *line) setTimer() {
	now := time.Now()
	wake := l.nextWake(now)
	if wake.Equal(l.wake) {
		return
	}
	l.wake = wake
	if l.timer == nil {
		l.timer = time.AfterFunc(wake.Sub(now), l.tick)
	} else {
		l.timer.Reset(wake.Sub(now))
	}
}

// minTick keeps a member that is never content from using the processor up.
const minTick = time.Millisecond

func (l *line) nextWake(now time.Time) time.Time {
	wake := l.active.Add(idleLife)
	if !wake.After(now) {
		wake = now.Add(idleLife)
	}
	if w, ok := l.member.Wake(); ok {
		at := l.queue.time(w)
		if l.circuit.open() && at.Before(l.circuit.trial) {
			at = l.circuit.trial
		}
		if at.Before(wake) {
			wake = at
		}
	}
	if end, ok := l.ears.end(); ok && end.Before(wake) {
		wake = end
	}
	if l.refuseMore && l.refuseAt.Before(wake) {
		wake = l.refuseAt
	}
	if !wake.After(now) {
		wake = now.Add(minTick)
	}
	return wake
}

// tick is the timer's.
func (l *line) tick() {
	l.mu.Lock()
	l.wake = time.Time{}
	if !l.gone.Load() && l.idle() && time.Since(l.active) >= idleLife {
		l.leave()
	}
	gone := l.gone.Load()
	l.unlock()
	if gone {
		l.queue.forget(l)
	}
}

// idle reports whether nothing is lost when the target is forgotten, but what successes
// there were between failures, and a mode that nobody has spoken of for long. While the store
// cannot be told what the member has to tell, that is no reason to remember it.
func (l *line) idle() bool {
	return len(l.parked) == 0 && !l.asking && !l.ears.open() && (l.circuit.open() || l.member.Idle(l.queue.now()))
}

// giveWay is for a queue that has no room: it reports whether the line is gone now. The
// queue's lock is held, so it does not wait for a line that is busy, and thus not idle.
func (l *line) giveWay() bool {
	if !l.mu.TryLock() {
		return false
	}
	defer l.mu.Unlock()
	if !l.gone.Load() && l.idle() {
		l.leave()
	}
	return l.gone.Load()
}

// leave ends the line. Whoever holds a place in it keeps it.
func (l *line) leave() {
	l.gone.Store(true)
	l.clear.Store(true)
	l.ears.shut()
	if l.timer != nil {
		l.timer.Stop()
	}
}

// close ends the line and releases all who are parked.
func (l *line) close() {
	l.mu.Lock()
	defer l.unlock()
	l.release(errClosed)
	l.leave()
}

// book is the feedback as members take it.
func (f Feedback) book() book.Feedback {
	result := book.Failed
	switch f.Result {
	case Success:
		result = book.Success
	case Rejected:
		result = book.Rejected
	}
	return book.Feedback{Result: result, Latency: f.Latency, Attempt: f.Attempt}
}
