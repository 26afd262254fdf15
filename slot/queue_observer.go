package slot

import (
	"context"
	"time"

	"github.com/goaroundhq/goaround/slot/book"
)

// QueueObserver is told what a [Queue] does. Functions that are nil cost nothing; the others
// are called on the path of callers, outside of the queue's locks, several at a time, and
// must be quick. Only Granted has a context: what else a queue does, it does for all callers of
// a target, and mostly in none of their goroutines.
type QueueObserver struct {
	// Asked is called after each question to the store, with the time that it took.
	Asked func(target string, took time.Duration, err error)
	// Granted is called for each slot, with the time from when it was asked for until it. The
	// context is the one with which the caller asked; it may have ended.
	Granted func(ctx context.Context, target string, wait time.Duration)
	// Mode is called when the target is seen in another mode than before; it begins clear.
	Mode func(target string, from, to book.Mode)
	// FellBack is called when callers are not paced because the store cannot be asked: for
	// each newcomer, and once for all that were parked, with their number.
	FellBack func(target string, callers int, err error)
	// Recovered is called when the store answers again after it could not be asked.
	Recovered func(target string)
	// Polling is called when notices can no longer be listened for; the queue tries again a
	// little later.
	Polling func(target string, err error)
}

// and returns an observer that tells o and then next.
func (o QueueObserver) and(next QueueObserver) QueueObserver {
	return QueueObserver{
		Asked: either(o.Asked, o.Asked != nil, next.Asked, next.Asked != nil, func(target string, took time.Duration, err error) {
			o.Asked(target, took, err)
			next.Asked(target, took, err)
		}),
		Granted: either(o.Granted, o.Granted != nil, next.Granted, next.Granted != nil, func(ctx context.Context, target string, wait time.Duration) {
			o.Granted(ctx, target, wait)
			next.Granted(ctx, target, wait)
		}),
		Mode: either(o.Mode, o.Mode != nil, next.Mode, next.Mode != nil, func(target string, from, to book.Mode) {
			o.Mode(target, from, to)
			next.Mode(target, from, to)
		}),
		FellBack: either(o.FellBack, o.FellBack != nil, next.FellBack, next.FellBack != nil, func(target string, callers int, err error) {
			o.FellBack(target, callers, err)
			next.FellBack(target, callers, err)
		}),
		Recovered: either(o.Recovered, o.Recovered != nil, next.Recovered, next.Recovered != nil, func(target string) {
			o.Recovered(target)
			next.Recovered(target)
		}),
		Polling: either(o.Polling, o.Polling != nil, next.Polling, next.Polling != nil, func(target string, err error) {
			o.Polling(target, err)
			next.Polling(target, err)
		}),
	}
}

// either is both, or the one that there is.
func either[F any](first F, isFirst bool, next F, isNext bool, both F) F {
	switch {
	case !isFirst:
		return next
	case !isNext:
		return first
	default:
		return both
	}
}
