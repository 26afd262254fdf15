// Package slot decides when a failed call may be tried again.
//
// A slot is the instant at which an attempt may be sent. A [Pacer] hands slots
// out for a target, so that callers who were turned away together do not come
// back together; a [Plan] asks it, bounds what it answers, and is the one place
// where goaround decides between two attempts:
//
//	plan := &slot.Plan{MaxAttempts: 4}
//	turn, err := plan.Next(ctx, "api.example.com:443", feedback, hint)
//	if err != nil {
//		return err // no attempts left, or the wait cannot fit before the deadline
//	}
//	if err := turn.Wait(ctx); err != nil {
//		return err // the caller gave up while waiting
//	}
//
// Without a pacer a plan waits by its [Backoff], by default [FullJitter]: every
// process decides for itself. What a server asked for (Retry-After) is never
// undercut, and callers who were all told the same are spread behind it.
//
// All waits are durations on the caller's monotonic clock; the wall clock has no
// part in them.
package slot
