package slot

import (
	"time"

	"github.com/goaroundhq/goaround/slot/book"
)

// QueueObserver is told what a [Queue] does. Functions that are nil cost nothing; the others
// are called on the path of callers, outside of the queue's locks, several at a time, and
// must be quick.
type QueueObserver struct {
	// Asked is called after each question to the store, with the time that it took.
	Asked func(target string, took time.Duration, err error)
	// Granted is called for each slot, with the time from when it was asked for until it.
	Granted func(target string, wait time.Duration)
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
