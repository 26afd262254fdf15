package slot

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goaroundhq/goaround/slot/book"
)

const (
	// idleLife is how long a target is remembered after its last failure, so that successes
	// between failures are counted.
	idleLife = time.Minute
	// closeTime is how long Close waits for a store that does not look at contexts.
	closeTime = time.Second
)

// Queue is the [Pacer] that lets callers take turns: after an outage they drain at the rate
// at which the target serves them, in the order in which they came. It learns that rate. The
// rules are those of package book. NewQueue makes one for this process; with [WithStore] all
// processes that share a store take turns.
//
// While a target has no trouble, nothing is remembered of it and the store is not asked. A
// success then costs one atomic load if no target is remembered, a look into a map if others
// are, and a short lock if it is itself. A target is remembered from its first failure until
// a minute after the last; its book, with the rate that was learned, for longer ([Memory]).
// Goroutines run only while the store is asked, and while a target is not clear for notices;
// they end by themselves, so a queue need not be closed.
//
// # Which one
//
// One process, or a few: the queue as it is. What it does for a herd it does for each process
// alone, though: every one of them sends a probe of its own and finds out the rate for itself.
// Where many have a few callers each, their probes and ramps add up to another herd, and a
// target sees more calls than with plain [FullJitter]: nearly twice as many with 100 processes
// in the benchmarks' simulator, and 1000 callers take twice as long. A fleet needs a store that
// all share, by WithStore.
//
// Retries alone take turns. Against a herd after an outage that is enough. Where first
// attempts come steadily and near to what the target can do, they fill it up by themselves,
// and retries find no room at whatever pace: hold first attempts up too, by [WithGate] or
// [Plan.Admit].
//
// # When the store fails
//
// A question that fails, or has no answer within [WithStoreTimeout], opens a circuit for its
// target: callers who are parked are released at once, to go when they would if they had
// waited by [WithFallback] from the beginning; newcomers get [ErrUnavailable] at once, upon
// which a [Plan] waits by its backoff; and first attempts pass the gate. So nobody waits for
// a store that is known to be dead. The first callers of each target do, up to the timeout:
// a store may well be spread over servers of which one is dead, so each target has a circuit
// of its own. It is tried again by one question in the background, when a failure gives reason
// to, after 0.25 s at first and 5 s at most; its answer closes the circuit. Notices that cannot
// be listened for cost nothing but more questions.
type Queue struct {
	config queueConfig
	alone  bool // no other queue writes into the books
	local  *Memory
	start  time.Time // from which instants are counted

	known  atomic.Int64 // len(lines), to be read without the lock
	closed atomic.Bool
	mu     sync.RWMutex
	lines  map[string]*line

	running sync.WaitGroup // asks and listeners
}

var (
	_ Pacer = (*Queue)(nil)
	_ Gate  = (*Queue)(nil)
)

// NewQueue makes a queue, by default for this process alone, whose books are in memory. That
// is for one process or a few; for a fleet see [WithStore], and [Queue] for why.
func NewQueue(opts ...QueueOption) *Queue {
	q := &Queue{config: defaultQueueConfig(), start: time.Now(), lines: make(map[string]*line)}
	for _, opt := range opts {
		opt(&q.config)
	}
	if q.config.store == nil {
		q.config.store, q.alone = NewMemory(), true
	}
	q.local, _ = q.config.store.(*Memory)
	return q
}

// Reserve implements [Pacer]. The reservation is an [Awaiter]. It gives no slot before
// f.Hint. Besides ErrDeadline it returns ErrUnavailable.
func (q *Queue) Reserve(ctx context.Context, target string, f Feedback) (Reservation, error) {
	l, err := q.lock(target)
	if err != nil {
		return nil, err
	}
	defer l.unlock()
	return l.reserve(ctx, f)
}

// Report implements [Pacer]. A success of a target that has no trouble costs next to nothing.
func (q *Queue) Report(target string, f Feedback) {
	if f.Result == Success {
		if l := q.find(target); l != nil { // what has no trouble is not remembered for it
			l.mu.Lock()
			l.succeeded(f)
		}
		return
	}
	l, err := q.lock(target)
	if err != nil {
		return // too many targets: what is not counted does no harm
	}
	defer l.unlock()
	l.active = time.Now()
	l.member.Ended(q.now(), f.book())
}

// Admit implements [Gate]. It does not return ErrUnavailable: without a store everybody
// may go.
func (q *Queue) Admit(ctx context.Context, target string) (Reservation, error) {
	if l := q.find(target); l == nil || l.clear.Load() {
		return pass{}, nil
	}
	l, err := q.lock(target)
	if err != nil {
		return pass{}, nil // too many targets: this one is not paced
	}
	defer l.unlock()
	return l.admit(ctx)
}

// Close releases all callers to the fallback and ends what runs in the background, for which
// it waits at most a second. It need not be called; a queue that is not used ends its
// goroutines by itself within seconds. After Close the queue paces nobody.
func (q *Queue) Close() error {
	q.closed.Store(true)
	q.mu.Lock()
	lines := q.lines
	q.lines = make(map[string]*line)
	q.known.Store(0)
	q.mu.Unlock()
	for _, l := range lines {
		l.close()
	}
	ended := make(chan struct{})
	go func() {
		q.running.Wait()
		close(ended)
	}()
	timeout := time.NewTimer(closeTime)
	defer timeout.Stop()
	select {
	case <-ended:
	case <-timeout.C:
	}
	return nil
}

// find returns the target's line, or nil when there is none.
func (q *Queue) find(target string) *line {
	if q.known.Load() == 0 {
		return nil
	}
	q.mu.RLock()
	defer q.mu.RUnlock()
	return q.lines[target]
}

// lock returns the target's line, which it makes when there is none, locked.
func (q *Queue) lock(target string) (*line, error) {
	for {
		l := q.find(target)
		if l == nil || l.gone.Load() {
			var err error
			if l, err = q.open(target); err != nil {
				return nil, err
			}
		}
		l.mu.Lock()
		if !l.gone.Load() {
			return l, nil
		}
		l.mu.Unlock()
	}
}

// open makes the target's line, unless somebody else just did.
func (q *Queue) open(target string) (*line, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if l := q.lines[target]; l != nil && !l.gone.Load() {
		return l, nil
	}
	if q.closed.Load() {
		return nil, fmt.Errorf("%w: the queue is closed", ErrUnavailable)
	}
	if q.lines[target] == nil && len(q.lines) >= q.config.maxTargets && !q.makeRoom() {
		return nil, fmt.Errorf("%w: more than %d targets have trouble", ErrUnavailable, q.config.maxTargets)
	}
	l := &line{
		queue: q, target: target, parked: make(map[book.Caller]*place),
		member: book.NewMember(q.config.rules, rand.Uint64(), rand.Uint64()),
	}
	l.clear.Store(true)
	q.lines[target] = l
	q.known.Store(int64(len(q.lines)))
	return l, nil
}

// roomTries is how many targets are looked at, in the map's random order, to find one that
// can be forgotten before its time.
const roomTries = 16

// makeRoom forgets a target that is idle. The lock is held; no line's lock may be held by
// who takes the queue's.
func (q *Queue) makeRoom() bool {
	tries := roomTries
	for target, l := range q.lines {
		if l.giveWay() {
			delete(q.lines, target)
			return true
		}
		if tries--; tries == 0 {
			break
		}
	}
	return false
}

// forget removes a line that is gone.
func (q *Queue) forget(l *line) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.lines[l.target] == l {
		delete(q.lines, l.target)
		q.known.Store(int64(len(q.lines)))
	}
}

// now is the time as members count it.
func (q *Queue) now() book.Instant { return book.Instant(time.Since(q.start) / time.Microsecond) }

// time is the inverse of now.
func (q *Queue) time(i book.Instant) time.Time {
	return q.start.Add(time.Duration(i) * time.Microsecond)
}
