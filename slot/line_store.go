package slot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/goaroundhq/goaround/slot/book"
)

var errClosed = errors.New("slot: the queue is closed")

// inlineAsks bounds how often a member may ask a store in memory at one instant.
const inlineAsks = 4

// ask asks the store what the member wants to know: a store in memory at once, any other
// in the background.
func (l *line) ask() {
	for range inlineAsks {
		if l.asking || !l.circuit.allows(time.Now()) {
			return
		}
		ask, due := l.member.Step(l.queue.now())
		if !due {
			return
		}
		if l.queue.local == nil {
			l.asking = true
			l.asks++
			n := l.asks
			l.queue.running.Go(func() { l.askRemote(n, ask) })
			return
		}
		start := time.Now()
		answer, err := l.queue.local.Ask(context.Background(), l.target, l.queue.config.rules, ask)
		l.answered(answer, time.Since(start), err)
	}
}

func (l *line) askRemote(n uint64, ask book.Ask) {
	q := l.queue
	ctx, cancel := context.WithTimeout(context.Background(), q.config.timeout)
	defer cancel()
	defer time.AfterFunc(2*q.config.timeout, func() { l.abandon(n) }).Stop()
	start := time.Now()
	answer, err := q.config.store.Ask(ctx, l.target, q.config.rules, ask)
	took := time.Since(start)
	l.mu.Lock()
	defer l.unlock()
	l.asking = false
	l.answered(answer, took, err)
}

// abandon does without an answer to question n: the store does not look at contexts. It is
// not asked again before it has returned.
func (l *line) abandon(n uint64) {
	l.mu.Lock()
	defer l.unlock()
	if l.asking && l.asks == n {
		l.circuit.failed(time.Now(), context.DeadlineExceeded)
		l.release(context.DeadlineExceeded)
	}
}

// answered passes an answer on to the member, or what became of the question.
func (l *line) answered(a book.Answer, took time.Duration, err error) {
	observer := &l.queue.config.observer
	if tell := observer.Asked; tell != nil {
		l.news = append(l.news, func() { tell(context.Background(), AskedInfo{Target: l.target, Latency: took, Err: err}) })
	}
	if err != nil {
		l.member.Unanswered(l.queue.now())
		l.circuit.failed(time.Now(), err)
		l.release(err)
		return
	}
	l.member.Answered(l.queue.now(), a)
	l.seen(a.Mode)
	if tell := observer.Recovered; l.circuit.worked() && tell != nil {
		l.news = append(l.news, func() { tell(context.Background(), RecoveredInfo{Target: l.target}) })
	}
}

// seen takes note of what the store says, and tells the observer of another mode.
func (l *line) seen(mode book.Mode) {
	from := l.mode
	l.mode = mode
	l.refuseAt = time.Time{}
	if mode != book.Clear {
		l.active = time.Now()
	}
	if tell := l.queue.config.observer.Mode; tell != nil && mode != from {
		l.news = append(l.news, func() { tell(context.Background(), ModeInfo{Target: l.target, From: from, To: mode}) })
	}
}

// release sends all who are parked away to the fallback.
func (l *line) release(err error) {
	if len(l.parked) == 0 {
		return
	}
	released := len(l.parked)
	now := time.Now()
	l.member.LeaveAll(l.queue.now())
	for _, p := range l.parked {
		at := p.unpaced(l.queue.config.fallback, now)
		if p.limited && !at.Before(p.deadline) {
			l.decide(p, time.Time{}, ErrDeadline)
			continue
		}
		l.decide(p, at, nil)
	}
	l.fellBack(released, err)
}

// unavailable is the error of a newcomer while the circuit is open.
func (l *line) unavailable() error {
	l.fellBack(1, l.circuit.err)
	return fmt.Errorf("%w: %w", ErrUnavailable, l.circuit.err)
}

func (l *line) fellBack(callers int, err error) {
	if tell := l.queue.config.observer.FellBack; tell != nil {
		l.news = append(l.news, func() { tell(context.Background(), FellBackInfo{Target: l.target, Callers: callers, Err: err}) })
	}
}
