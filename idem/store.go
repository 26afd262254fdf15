package idem

import (
	"context"
	"encoding/binary"
	"errors"
	"iter"
	"math/rand/v2"
	"time"
)

// Errors of a [Store]. Match them with [errors.Is]; any other error means that
// the store could not be asked, and the outcome of the transition is not known.
var (
	// ErrFenced: the record belongs to another owner. After a Complete it means
	// that the operation was run twice.
	ErrFenced = errors.New("idem: record belongs to another owner")
	// ErrLost: this owner has no pending claim, and nobody else has one either.
	ErrLost = errors.New("idem: no such claim")
	// ErrFull: the store has no room and refuses rather than forget a record.
	ErrFull = errors.New("idem: store is full")
	// ErrResolve: only an unknown record can be resolved, and only by what is known of its
	// last run.
	ErrResolve = errors.New("idem: record is not unknown")
)

// Bounds that stores and their users agree on, in bytes.
const (
	// MinRecord is what a store with a byte bound keeps room for in every claim it gave:
	// a Complete whose fingerprint and record are no larger is never refused with
	// ErrFull, so that "done, result not kept" can always be noted.
	MinRecord = 192
	// MaxShort is the most that such a note and its fingerprint have. The rest of
	// MinRecord is for a store that adds something of its own to each record.
	MaxShort = 128
	// MaxReason is how much of the reason given to Abandon is kept.
	MaxReason = 128
)

// Owner tells apart those who claim the same ID. It is random per claim.
type Owner [16]byte

// NewOwner returns a fresh owner. It needs to be unique, not secret.
func NewOwner() (o Owner) {
	binary.LittleEndian.PutUint64(o[:8], rand.Uint64())
	binary.LittleEndian.PutUint64(o[8:], rand.Uint64())
	return o
}

// Claim is the right to run an operation.
type Claim struct {
	ID    ID
	Owner Owner
	// Fence grows with every claim of the same ID. A downstream system that
	// remembers the highest fence it saw can refuse an owner that was overtaken.
	Fence uint64
	// Attempt counts the runs of the operation under this ID; the first is 1.
	Attempt uint32
}

// ClaimRequest asks a [Store] for a claim. Durations are relative: the store's
// clock decides.
type ClaimRequest struct {
	ID    ID
	Owner Owner
	// Fingerprint identifies the request's content where it is known up front.
	// It is kept with the pending record, and a longer one than 64 bytes counts
	// against the room of the record.
	Fingerprint []byte
	// Lease is how long the claim is the owner's without a sign of life. It is
	// positive.
	Lease time.Duration
	// TTL is how long the record outlives its lease, and how long an unknown
	// outcome stays visible. It is positive.
	TTL time.Duration
	// TakeOver lets the claim take over a record whose lease is over or whose
	// outcome is unknown (AtLeastOnce).
	TakeOver bool
}

// State is what a store holds for an ID.
type State uint8

const (
	// Absent: nothing.
	Absent State = iota
	// Acquired: the claim was given to the one who asked.
	Acquired
	// Pending: another owner runs the operation.
	Pending
	// Done: the operation is complete.
	Done
	// Unknown: the operation was started and nobody can say how it ended.
	Unknown
)

// String returns the state in lower case, for logs and metric labels.
func (s State) String() string {
	switch s {
	case Absent:
		return "absent"
	case Acquired:
		return "acquired"
	case Pending:
		return "pending"
	case Done:
		return "done"
	case Unknown:
		return "unknown"
	default:
		return "invalid"
	}
}

// ClaimResult is a store's answer to a [ClaimRequest].
type ClaimResult struct {
	// State is Acquired, Pending, Done or Unknown.
	State State
	// Claim is the caller's own when State is Acquired.
	Claim Claim
	// Fingerprint is what the record holds: given with the claim or, once Done,
	// with Complete. The caller must not change it.
	Fingerprint []byte
	// Record is what Complete was given, when State is Done. The caller must not
	// change it.
	Record []byte
	// Unreadable says why a Done record cannot be given; Record is nil then. The
	// operation is done all the same.
	Unreadable error
	// Age is the time since the claim was given (Pending, Unknown) or since the
	// operation was completed (Done).
	Age time.Duration
	// LeaseLeft is how long the lease of a Pending record still runs.
	LeaseLeft time.Duration
}

// Store keeps records. Every method is one atomic step, decided by the store's
// own clock, safe for concurrent use and done within a bounded time. The suite
// in package idemtest says in tests what is said here in words.
//
// A context that is done before the step is taken gives the context's error and
// changes nothing. Byte slices that are passed in are not kept and not changed;
// those that come back are not changed later.
type Store interface {
	// Claim gives the claim to the caller when the ID is absent, and otherwise
	// reports what is there. It is idempotent per owner: an owner that holds the
	// pending record gets Acquired again, with a fresh lease. With TakeOver it
	// also acquires a record whose lease is over or whose outcome is unknown,
	// with Attempt+1 and a higher fence, unless both have a fingerprint and they
	// differ. Without, a record whose lease is over reads as Unknown. It returns
	// ErrFull when there is no room.
	Claim(ctx context.Context, r ClaimRequest) (ClaimResult, error)

	// Extend gives a pending claim of this owner a fresh lease, also when the old
	// one is over but nobody took the record. ErrFenced when another owner has
	// it, ErrLost when the claim is gone or no longer pending.
	Extend(ctx context.Context, c Claim, lease time.Duration) error

	// Complete makes the record Done for ttl from now. It is idempotent per
	// owner, and the first record stays. It accepts a late owner: one whose
	// lease is over, whose record is unknown, or whose record is gone without
	// another owner. ErrFenced when another owner has the record, ErrFull when it
	// is larger than the room left and than MinRecord.
	Complete(ctx context.Context, c Claim, fingerprint, record []byte, ttl time.Duration) error

	// Release makes a pending record of this owner absent: nothing happened, in this
	// attempt. nil when it is absent already; ErrFenced when another owner has it, ErrLost
	// when it is this owner's but no longer pending.
	Release(ctx context.Context, c Claim) error

	// Abandon makes a pending record of this owner unknown, with a reason for
	// people to read. nil when it is unknown already; ErrFenced when another
	// owner has it, ErrLost when it is gone or done.
	Abandon(ctx context.Context, c Claim, reason string) error
}

// Local is an optional interface of a [Store]: one that lives in this process and
// never waits for anything says so and is spared the timers that bound the others.
type Local interface {
	Local() bool
}

// Recaller is an optional interface of a [Store] that remembers finished operations in
// this process.
type Recaller interface {
	// Recall returns a Done record that is at hand. It asks nobody and never waits.
	Recall(id ID) (ClaimResult, bool)
}

// Waiter is an optional interface of a [Store] that can tell when a pending
// record changes.
type Waiter interface {
	// Wait returns nil when the record of id is not pending or has changed since
	// the call began, and may return nil without a cause. It returns the
	// context's error when that ends first.
	Wait(ctx context.Context, id ID) error
}

// Admin is an optional interface of a [Store], for operators and their tools. A store
// that wraps another one has the methods of this interface and of [Waiter] even where the
// other lacks them, and returns errors.ErrUnsupported from them then.
type Admin interface {
	// Get returns what the store holds. The state is Absent when it holds
	// nothing; a lapsed lease reads as Unknown.
	Get(ctx context.Context, id ID) (Info, error)
	// Resolve ends an unknown record by what an operator found out. ErrResolve
	// when it is in another state or of another run, ErrLost when it is absent.
	Resolve(ctx context.Context, id ID, r Resolution) error
	// Scan visits the records in no order; what changes meanwhile may be seen or
	// missed. A non-nil error is the last pair.
	Scan(ctx context.Context) iter.Seq2[Info, error]
	// Purge forgets a record in whatever state it is; a claim that is still
	// running loses its protection.
	Purge(ctx context.Context, id ID) error
}

// Info describes a record to an operator.
type Info struct {
	ID        ID
	State     State
	Fence     uint64
	Attempt   uint32
	Age       time.Duration // as in ClaimResult
	LeaseLeft time.Duration // of a pending record
	ExpiresIn time.Duration // until the store forgets the record
	Size      int           // bytes of fingerprint and record, as they are stored
	Reason    string        // given to Abandon
}

// Resolution says how an unknown record ends.
type Resolution struct {
	// State is Done (it happened; Record is what to replay) or Absent (it did not;
	// the next claim may run it).
	State State
	// Fingerprint is what a Done record is to have. With nil, repetitions are not compared with
	// it, whatever they ask for; but a RecoverFunc that leaves it nil keeps that of the claim.
	Fingerprint []byte
	// Record is that of a Done record: see EncodeResult, and EncodeResponse of package server.
	Record []byte
	TTL    time.Duration // lifetime of a Done record, positive
	// Fence is that of the run which this speaks of, as Info has it; 0 is the last one.
	// Without it, what was found out about one run could end another that began meanwhile.
	Fence uint64
}
