package slot

import (
	"context"
	"errors"

	"github.com/goaroundhq/goaround/slot/book"
)

// ErrUnavailable is why a [Queue] does not pace: its store cannot be asked, it is closed, or
// it knows too many targets already. A [Plan] then waits by its backoff. The error also
// matches the store's.
var ErrUnavailable = errors.New("slot: no slots to be had now")

// Store keeps the books of targets: one [book.Book] for each. All queues that use one store
// take turns with each other. [Memory] is a store in this process; package slotredis has one
// in Redis; package slottest has the suite that each must pass.
type Store interface {
	// Ask applies book.Step to the target's book, in one atomic step by the store's own
	// clock, and returns the answer. A book that is not there is a new one. When the
	// answer says Push, the store has its notice told to all who listen. Ask returns when
	// ctx ends, at the latest.
	Ask(ctx context.Context, target string, r book.Rules, a book.Ask) (book.Answer, error)

	// Listen calls heard, one call at a time, with each notice that is pushed for the
	// target, until ctx ends, and then returns ctx's error. It connects again by itself
	// where it can; notices may be lost. When it returns early, the queue asks more often
	// instead.
	Listen(ctx context.Context, target string, heard func(book.Notice)) error
}
