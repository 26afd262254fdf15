package idem

import "context"

// Ending is how a claim ended.
type Ending uint8

const (
	// Completed: the operation is done.
	Completed Ending = iota
	// Released: nothing happened.
	Released
	// Abandoned: the outcome is not known.
	Abandoned
)

// String returns the ending in lower case, for logs and metric labels.
func (e Ending) String() string {
	switch e {
	case Completed:
		return "completed"
	case Released:
		return "released"
	case Abandoned:
		return "abandoned"
	default:
		return "invalid"
	}
}

// Observer is told what happens to the claims of a [Guard]. Functions that are nil
// cost nothing; the others are called on the caller's path and must be quick.
type Observer struct {
	// Claimed is called with the store's last answer to [Guard.Claim].
	Claimed func(ctx context.Context, id ID, result ClaimResult, err error)
	// Renewed is called after a lease was renewed, or could not be.
	Renewed func(ctx context.Context, c Claim, err error)
	// Ended is called when a claim ended. ErrFenced after Completed means that the
	// operation was run twice, ErrFull that its result was not kept, any other
	// error that the store could not be told.
	Ended func(ctx context.Context, c Claim, how Ending, err error)
}

// and returns an observer that tells o and then next.
func (o Observer) and(next Observer) Observer {
	all := o
	switch claimed := next.Claimed; {
	case o.Claimed == nil:
		all.Claimed = claimed
	case claimed != nil:
		all.Claimed = func(ctx context.Context, id ID, result ClaimResult, err error) {
			o.Claimed(ctx, id, result, err)
			claimed(ctx, id, result, err)
		}
	}
	switch renewed := next.Renewed; {
	case o.Renewed == nil:
		all.Renewed = renewed
	case renewed != nil:
		all.Renewed = func(ctx context.Context, c Claim, err error) {
			o.Renewed(ctx, c, err)
			renewed(ctx, c, err)
		}
	}
	switch ended := next.Ended; {
	case o.Ended == nil:
		all.Ended = ended
	case ended != nil:
		all.Ended = func(ctx context.Context, c Claim, how Ending, err error) {
			o.Ended(ctx, c, how, err)
			ended(ctx, c, how, err)
		}
	}
	return all
}
