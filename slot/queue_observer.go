package slot

import (
	"context"
	"time"

	"github.com/goaroundhq/goaround/slot/book"
)

// QueueObserver is told what a [Queue] does. Functions that are nil cost nothing; the others
// are called on the path of callers, outside of the queue's locks, several at a time, and
// must be quick. Only Granted has the context of a caller: what else a queue does, it does for
// all callers of a target, and mostly in none of their goroutines, so the context of the
// others has no values and never ends.
type QueueObserver struct {
	// Asked is called after each question to the store.
	Asked func(ctx context.Context, info AskedInfo)
	// Granted is called for each slot. The context is the one with which the caller asked;
	// it may have ended.
	Granted func(ctx context.Context, info GrantedInfo)
	// Mode is called when the target is seen in another mode than before; it begins clear.
	Mode func(ctx context.Context, info ModeInfo)
	// FellBack is called when callers are not paced because the store cannot be asked: for
	// each newcomer, and once for all that were parked.
	FellBack func(ctx context.Context, info FellBackInfo)
	// Recovered is called when the store answers again after it could not be asked.
	Recovered func(ctx context.Context, info RecoveredInfo)
	// Polling is called when notices can no longer be listened for; the queue tries again a
	// little later.
	Polling func(ctx context.Context, info PollingInfo)
}

// AskedInfo describes a question to the store.
type AskedInfo struct {
	Target  string
	Latency time.Duration // until the answer or the error
	Err     error
}

// GrantedInfo describes a slot.
type GrantedInfo struct {
	Target string
	Wait   time.Duration // from when the slot was asked for until it
}

// ModeInfo describes how a target changed.
type ModeInfo struct {
	Target   string
	From, To book.Mode
}

// FellBackInfo describes callers that are not paced.
type FellBackInfo struct {
	Target  string
	Callers int   // how many; 1 for a newcomer
	Err     error // why the store cannot be asked
}

// RecoveredInfo describes a store that answers again.
type RecoveredInfo struct {
	Target string
}

// PollingInfo describes why notices cannot be listened for.
type PollingInfo struct {
	Target string
	Err    error // of the store, that ended the listening
}

// and returns an observer that tells o and then next.
func (o QueueObserver) and(next QueueObserver) QueueObserver {
	return QueueObserver{
		Asked:     both(o.Asked, next.Asked),
		Granted:   both(o.Granted, next.Granted),
		Mode:      both(o.Mode, next.Mode),
		FellBack:  both(o.FellBack, next.FellBack),
		Recovered: both(o.Recovered, next.Recovered),
		Polling:   both(o.Polling, next.Polling),
	}
}

// both calls the two functions one after the other, or is the one that there is.
func both[T any](first, second func(context.Context, T)) func(context.Context, T) {
	switch {
	case first == nil:
		return second
	case second == nil:
		return first
	default:
		return func(ctx context.Context, v T) {
			first(ctx, v)
			second(ctx, v)
		}
	}
}
