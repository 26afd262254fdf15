package idem

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
)

var (
	// ErrInProgress: another owner runs the operation; ask again later.
	ErrInProgress = errors.New("idem: operation is in progress")
	// ErrUnknown: the operation was started earlier and nobody knows how it ended.
	ErrUnknown = errors.New("idem: outcome of the operation is unknown")
	// ErrKeyReused: the key was used before with other parameters.
	ErrKeyReused = errors.New("idem: key was used with other parameters")
	// ErrNotStored: the operation is done, but its result was not kept.
	ErrNotStored = errors.New("idem: result of the operation was not stored")
)

// Operation names what [Do] runs.
type Operation struct {
	Namespace string // separates applications that share a store; may be ""
	Name      string // what is done, such as "charge"; required
	Scope     Scope  // whose key it is; required, SharedScope for everybody's
	Key       string // see NewKey and Derive; required
	// Params, when not nil, is remembered as a hash of its canonical JSON: the same
	// key with other parameters gives ErrKeyReused.
	Params any
	// Recover, when not nil, is asked how the operation ended when that is not known;
	// see Guard.Recover. A result is made with EncodeResult. With AtLeastOnce nobody is
	// asked: the operation runs again.
	Recover RecoverFunc
}

// Do runs fn at most once for the operation's key and returns its result; a later
// call with the same key returns the first result without running fn. The result
// is kept as JSON.
//
// An error of fn leaves the outcome unknown, because only fn can tell whether its
// effect took place before it failed, and later calls get ErrUnknown. fn says
// more by wrapping its error: [NothingHappened] frees the key for another run,
// [Final] keeps the error as the result. With [AtLeastOnce] a later call runs fn
// again. A panic counts as an error.
//
// Besides the errors of fn, Do returns ErrKeyMissing and ErrKeyInvalid, an error for an operation
// without name or scope or with Params that [Derive] would refuse, ErrInProgress, ErrUnknown,
// ErrKeyReused, ErrNotStored, a *FinalError, and errors of the store, in which case fn did not
// run. Once fn has succeeded Do returns its result even when the store could not be told; a result
// that cannot be encoded comes with an error matching ErrNotStored, because it never could be
// given again.
func Do[T any](ctx context.Context, g *Guard, op Operation, fn func(context.Context) (T, error)) (T, error) {
	var value T
	var h Held
	fingerprint, err := begin(ctx, g, &op, &h, &value)
	if err != nil || h.guard == nil {
		return value, err
	}
	return run(&h, fingerprint, fn)
}

// begin claims the operation and holds the claim in h. When there is nothing to run, h
// stays empty and value is the earlier result, or err says why there is none.
func begin[T any](ctx context.Context, g *Guard, op *Operation, h *Held, value *T) (fingerprint []byte, err error) {
	fingerprint, err = op.check()
	if err != nil {
		return nil, err
	}
	id := NewID(op.Namespace, op.Scope, "", op.Name, op.Key)
	result, err := g.Claim(ctx, id, fingerprint)
	if err == nil && op.Recover != nil {
		result, err = g.Recover(ctx, id, fingerprint, result, op.Recover)
	}
	if err != nil {
		return nil, fmt.Errorf("idem: claim %s: %w", op.Name, err)
	}
	if result.State != Acquired {
		return nil, recall(result, fingerprint, value)
	}
	g.Hold(ctx, result.Claim, op.Key, h)
	return fingerprint, nil
}

func (op *Operation) check() (fingerprint []byte, err error) {
	if op.Name == "" || op.Scope == "" {
		return nil, errors.New("idem: operation needs a name and a scope")
	}
	if op.Key == "" {
		return nil, ErrKeyMissing
	}
	if err := CheckKey(op.Key); err != nil {
		return nil, err
	}
	if op.Params == nil {
		return nil, nil
	}
	canonical, err := canonicalJSON(op.Params)
	if err != nil {
		return nil, fmt.Errorf("idem: parameters of %s: %w", op.Name, err)
	}
	sum := sha256.Sum256(canonical)
	return sum[:], nil
}

// recall turns what the store holds into the value or an error.
func recall[T any](result ClaimResult, fingerprint []byte, value *T) error {
	if differ(fingerprint, result.Fingerprint) {
		return ErrKeyReused
	}
	switch result.State {
	case Done:
		if result.Unreadable != nil {
			return fmt.Errorf("%w: %w", ErrNotStored, result.Unreadable)
		}
		return decodeResult(result.Record, value)
	case Pending:
		return ErrInProgress
	default:
		return ErrUnknown
	}
}

func run[T any](h *Held, fingerprint []byte, fn func(context.Context) (T, error)) (value T, err error) {
	ended := false
	defer func() {
		if !ended { // a panic or runtime.Goexit goes its way
			_ = h.Abandon("panic")
		}
	}()
	value, err = fn(h.Context())
	if err != nil {
		err = end(h, fingerprint, err)
	} else if record, encErr := EncodeResult(value); encErr != nil {
		err = encErr
		_ = h.Complete(fingerprint, notStored, notStored)
	} else {
		_ = h.Complete(fingerprint, record, notStored)
	}
	ended = true
	return value, err
}

// end ends the claim of an operation that failed, by what its error says, and returns the
// error with that said: the marks speak of this operation, not of one around it.
func end(h *Held, fingerprint []byte, err error) error {
	var final *FinalError
	switch {
	case errors.As(err, &final) && !final.spent:
		_ = h.Complete(fingerprint, final.record(), notStored)
	case errors.Is(err, errNothing):
		_ = h.Release()
	default:
		_ = h.Abandon(err.Error())
		return err
	}
	return spentError{err}
}

// spentError is an error whose mark has been heard.
type spentError struct{ err error }

func (e spentError) Error() string { return e.err.Error() }

func (e spentError) Is(target error) bool { return target != errNothing && errors.Is(e.err, target) }

func (e spentError) As(target any) bool {
	if !errors.As(e.err, target) {
		return false
	}
	if final, ok := target.(**FinalError); ok {
		*final = &FinalError{Text: (*final).Text, err: (*final).err, spent: true}
	}
	return true
}

var errNothing = errors.New("nothing happened")

// NothingHappened wraps an error of an operation that had no effect: the key is
// free for another run. It returns nil for nil.
func NothingHappened(err error) error {
	if err == nil {
		return nil
	}
	return nothingError{err}
}

type nothingError struct{ error }

func (e nothingError) Unwrap() []error { return []error{e.error, errNothing} }

// FinalError is an error that is the result of an operation, such as a declined
// card: it is kept and given to later calls, of which only the text survives.
type FinalError struct {
	Text  string
	err   error // nil when it was read from a record
	spent bool  // by the operation that it is the result of
}

// Final makes err the result of the operation. It returns nil for nil.
func Final(err error) error {
	if err == nil {
		return nil
	}
	return &FinalError{Text: err.Error(), err: err}
}

func (e *FinalError) Error() string { return e.Text }

// Unwrap returns the error given to [Final]; nil on a later call.
func (e *FinalError) Unwrap() error { return e.err }

// The first byte of a record of Do.
const (
	recordValue = 'v' // JSON follows
	recordError = 'e' // the text of a FinalError follows
	recordNone  = 'n' // the result was not kept
)

var notStored = []byte{recordNone}

// EncodeResult makes the record of a [Do] that returned value, for a [Resolution]. Its
// errors match ErrNotStored.
func EncodeResult(value any) ([]byte, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotStored, err)
	}
	return append([]byte{recordValue}, encoded...), nil
}

func (e *FinalError) record() []byte { return append([]byte{recordError}, e.Text...) }

func decodeResult(record []byte, value any) error {
	if len(record) == 0 {
		return fmt.Errorf("%w: empty record", ErrNotStored)
	}
	switch record[0] {
	case recordValue:
		if err := json.Unmarshal(record[1:], value); err != nil {
			return fmt.Errorf("%w: %w", ErrNotStored, err)
		}
		return nil
	case recordError:
		return &FinalError{Text: string(record[1:]), spent: true}
	case recordNone:
		return ErrNotStored
	default:
		return fmt.Errorf("%w: record of another version", ErrNotStored)
	}
}
