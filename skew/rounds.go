package skew

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// ErrRunning is the error of Run when it runs already.
var ErrRunning = errors.New("skew: clock is running already")

// rounds is what a clock remembers between rounds. All of it but the last three is of
// whoever has the turn.
type rounds struct {
	voters    []*voter
	count     int
	pending   *pending
	last      stand // in the last round
	failed    int   // rounds in a row, alike
	surprised bool  // that the last of them was surprising

	turn    chan struct{} // one round at a time
	wake    chan struct{} // something happened to the machine
	running atomic.Bool
}

// pending is what the sources agreed on and is not believed yet.
type pending struct {
	span  span
	at    time.Duration
	round int
}

func newRounds(sources []Source, last stand) *rounds {
	r := &rounds{last: last, turn: make(chan struct{}, 1), wake: make(chan struct{}, 1)}
	for _, s := range sources {
		r.voters = append(r.voters, &voter{source: s, interval: min(max(s.MinInterval(), 0), longestInterval)})
	}
	return r
}

// hurry wakes Run. It never blocks.
func (r *rounds) hurry() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Sync asks all sources that may be asked, at the same time, and sets the clock to what a
// majority of them agrees on; a source that wants to be left alone for now, or is silent,
// votes with its last answer, widened by drift. What the clock knew is kept when there is
// no majority. Rounds wait for each other.
//
// When the context's deadline passes in a round, the answers that came by then count, and
// the other sources are reported as [Timeout]. The error is the report's, or the context's
// cause when it was cancelled or ended before the round began, and then the clock was not
// changed. It is no reason to stop: the clock can be read as before.
func (c *Clock) Sync(ctx context.Context) (Report, error) {
	report, _, err := c.sync(ctx)
	return report, err
}

// Run syncs at once, and again whenever it is time, until the context ends; then it returns
// the context's cause. The caller owns the goroutine:
//
//	go clock.Run(ctx)
//
// A round that fails is reported and tried again with growing pauses. Run returns
// [ErrNoSources] or [ErrRunning] at once where it has nothing to do.
func (c *Clock) Run(ctx context.Context) error {
	if c == nil || len(c.rounds.voters) == 0 {
		return ErrNoSources
	}
	if !c.rounds.running.CompareAndSwap(false, true) {
		return ErrRunning
	}
	defer c.rounds.running.Store(false)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-c.rounds.wake:
		case <-timer.C:
		}
		_, wait, _ := c.sync(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		timer.Reset(wait + rand.N(wait/8+1)) // clocks that were started together part
	}
}

// sync is a round. It returns how long to wait before the next one.
func (c *Clock) sync(ctx context.Context) (Report, time.Duration, error) {
	if c == nil || len(c.rounds.voters) == 0 {
		return Report{}, 0, ErrNoSources
	}
	select {
	case c.rounds.turn <- struct{}{}:
		defer func() { <-c.rounds.turn }()
	case <-ctx.Done():
		return Report{}, 0, context.Cause(ctx)
	}
	if ctx.Err() != nil { // it had its turn all the same
		return Report{}, 0, context.Cause(ctx)
	}
	c.ask(ctx)
	if errors.Is(ctx.Err(), context.Canceled) {
		return Report{}, 0, context.Cause(ctx)
	}
	report := c.decide()
	c.tell(ctx, report)
	return report, c.next(report), report.Err
}

// ask asks the sources that may be asked, and waits for all of them.
func (c *Clock) ask(ctx context.Context) {
	now, _ := c.local.look()
	c.wakeUp(now)
	c.rounds.count++
	var asked sync.WaitGroup
	for _, v := range c.rounds.voters {
		v.asked, v.err = false, nil
		if v.mayBeAsked(now) {
			asked.Go(func() { v.ask(ctx, c.local, c.timeout, c.rounds.count) })
		}
	}
	asked.Wait()
}

// wakeUp forgets answers from before the machine slept, because local time stood still, and
// asks anew after any jump of the operating system's clock.
func (c *Clock) wakeUp(now time.Duration) {
	last, s := c.rounds.last, c.local.stand()
	c.rounds.last = s
	slept, by := s.slept(last), s.jump-last.jump
	for _, v := range c.rounds.voters {
		if slept {
			v.holds = false
		}
		if slept || by > disruption || by < -disruption {
			v.hasten(now)
		}
	}
}

// next is how long to wait before the next round.
func (c *Clock) next(r Report) time.Duration {
	pause := c.pause(r.Err)
	if r.Err == nil && !slices.ContainsFunc(c.rounds.voters, func(v *voter) bool { return v.early }) {
		return c.interval
	}
	now, _ := c.local.look()
	due := now + c.interval
	for _, v := range c.rounds.voters {
		if !v.never {
			due = min(due, v.due)
		}
	}
	return max(due-now, pause)
}

// pause is the shortest wait after a round. It doubles while rounds fail, because a source
// that costs nothing is always due. Something surprising does not wait for its confirmation
// because sources were silent before.
func (c *Clock) pause(err error) time.Duration {
	surprised := errors.Is(err, ErrUnconfirmed)
	if err == nil || surprised != c.rounds.surprised {
		c.rounds.failed = 0
	}
	c.rounds.surprised = surprised
	pause := min(time.Second<<min(c.rounds.failed, 10), max(c.interval, time.Second))
	if err != nil {
		c.rounds.failed++
	}
	return pause
}

// tell reports the round.
func (c *Clock) tell(ctx context.Context, r Report) {
	if r.Err != nil {
		c.logger.LogAttrs(ctx, slog.LevelWarn, "clock not synchronized", slog.Any("error", r.Err))
	}
	for _, s := range r.Sources {
		if s.Result == Falseticker {
			c.logger.LogAttrs(ctx, slog.LevelWarn, "source of time outvoted", slog.String("source", s.Source),
				slog.Duration("offset", s.Offset), slog.Duration("uncertainty", s.Uncertainty))
		}
	}
	if c.observer.Synced != nil {
		c.observer.Synced(ctx, r)
	}
}
