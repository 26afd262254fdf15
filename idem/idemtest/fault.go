package idemtest

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// ErrDisturbed is what a caller gets for a request or a reply that was lost, unless the
// [Fault] says otherwise.
var ErrDisturbed = errors.New("idemtest: connection to the store disturbed")

// Forever is longer than any test, and short enough for the clock of a bubble.
const Forever = 365 * 24 * time.Hour

// Op is a step of a store that can be disturbed.
type Op uint8

// The steps of an [idem.Store], and Wait of an [idem.Waiter].
const (
	OpClaim Op = iota
	OpExtend
	OpComplete
	OpRelease
	OpAbandon
	OpWait
)

// String returns the name of the method.
func (o Op) String() string {
	switch o {
	case OpClaim:
		return "Claim"
	case OpExtend:
		return "Extend"
	case OpComplete:
		return "Complete"
	case OpRelease:
		return "Release"
	case OpAbandon:
		return "Abandon"
	case OpWait:
		return "Wait"
	default:
		return "invalid"
	}
}

// Call is one call of a disturbed store.
type Call struct {
	Op Op
	ID idem.ID
	N  int // of the calls of this Op for this ID, this one included; the first is 1
}

// Fault is what goes wrong with one call. The zero value is nothing; what can go wrong
// together can be combined.
type Fault struct {
	// LoseRequest: the step is not taken, and the caller gets Err.
	LoseRequest bool
	// LoseReply: the step is taken, and the caller gets Err all the same.
	LoseReply bool
	// DelayRequest: the step is taken this much later, also when the caller has given
	// up by then.
	DelayRequest time.Duration
	// DelayReply: the answer or Err comes this much later. A caller that gives up before
	// gets its context's error, although the step was taken.
	DelayReply time.Duration
	// Twice: the step is taken twice and the caller gets the second answer, as from a
	// client library that lost the first and tried again.
	Twice bool
	// Forget: the caller gets an answer that says it worked, and the store knows nothing
	// of it, as after a failover to a replica that had not heard of it yet. A claim is
	// given and then forgotten whole, also one that took another over; a Wait
	// returns at once.
	Forget bool
	// Jump: the store's clock jumps forward by this just after the step, so that the
	// lease and the lifetime it gave are over that much sooner; or back, when negative,
	// and they are over later.
	Jump time.Duration
	// Err is what the caller gets for what was lost. nil means ErrDisturbed.
	Err error
}

func (f Fault) err() error {
	if f.Err != nil {
		return f.Err
	}
	return ErrDisturbed
}

// jumped returns what a lease and the lifetime after it are for somebody whose clock does
// not jump. What is not positive is a caller's mistake and stays one.
func (f Fault) jumped(lease, ttl time.Duration) (time.Duration, time.Duration) {
	switch {
	case lease <= 0 || ttl <= 0:
		return lease, ttl
	case f.Jump < 0:
		return lease + min(-f.Jump, math.MaxInt64-lease), ttl
	case f.Jump < lease:
		return lease - f.Jump, ttl
	default:
		return 1, max(ttl-(f.Jump-lease), 1)
	}
}

// Schedule decides what goes wrong with a call. It is called by many goroutines at once.
type Schedule func(Call) Fault

// First disturbs the first calls of op for every ID, one fault each.
func First(op Op, faults ...Fault) Schedule {
	return func(c Call) Fault {
		if c.Op != op || c.N > len(faults) {
			return Fault{}
		}
		return faults[c.N-1]
	}
}

// Always disturbs every call of op.
func Always(op Op, f Fault) Schedule {
	return func(c Call) Fault {
		if c.Op != op {
			return Fault{}
		}
		return f
	}
}

// Random disturbs calls with the given chance, between 0 and 1, by one of the faults. The
// same seed does the same to the same call, in whatever order the calls come.
func Random(seed uint64, chance float64, faults ...Fault) Schedule {
	return func(c Call) Fault {
		key := binary.LittleEndian.AppendUint64(c.ID[:], seed)
		key = binary.LittleEndian.AppendUint64(append(key, byte(c.Op)), uint64(c.N))
		random := rand.New(rand.NewChaCha8(sha256.Sum256(key)))
		if random.Float64() >= chance {
			return Fault{}
		}
		return faults[random.IntN(len(faults))]
	}
}
