package retryable

import (
	"context"
	"math"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// AsBackoff lets a plan decide the waits of a retryablehttp.Client: its pacer's slots, its
// backoff, and what the server asks for. RetryWaitMin and RetryWaitMax have no part in it,
// and the attempts are bounded by RetryMax alone.
//
// A Backoff is told neither the request nor its context, cannot fail and cannot end a call.
// So this is what is left of a plan:
//   - After a response the request is found in it, and the pacer is asked. The wait for a
//     slot is made in the Backoff, which then returns 0: the slot is given back when the
//     caller leaves meanwhile. With HTTPClient.Timeout set, the caller's context is known
//     only to a client that was made by [Standard]; without it, and after an attempt that
//     ended in an error, the plan's backoff decides and the pacer learns nothing.
//   - A call that the plan would end waits instead: as long as the server asks, beyond
//     MaxHint, too; and until its deadline when no slot comes before it.
//   - Attempts that end well are not reported: a pacer needs [Reports], too.
//
// It panics when plan is nil.
func AsBackoff(plan *slot.Plan) retryablehttp.Backoff {
	if plan == nil {
		panic("retryable: AsBackoff(nil)")
	}
	paced := *plan
	paced.MaxAttempts, paced.MaxHint = 0, math.MaxInt64
	local := paced
	local.Pacer, local.MinAttempt = nil, 0
	return func(_, _ time.Duration, attempt int, resp *http.Response) time.Duration {
		f := slot.Feedback{Attempt: attempt + 1, Result: resultOf(resp)}
		hint := hintOf(resp)
		ctx, known := callerOf(resp)
		if !known || paced.Pacer == nil {
			return alone(&local, f, hint)
		}
		turn, err := paced.Next(ctx, transport.Origin(resp.Request), f, hint)
		if err == nil {
			err = turn.Wait(ctx)
		}
		if err != nil {
			return untilEnd(ctx)
		}
		return 0
	}
}

// callerOf returns the context of who waits for what follows the response; known is false
// when it cannot be told from that of an attempt which is over.
func callerOf(resp *http.Response) (ctx context.Context, known bool) {
	if resp == nil || resp.Request == nil {
		return nil, false
	}
	attempt := resp.Request.Context()
	caller := callerIn(attempt)
	return caller, caller != attempt || attempt.Err() == nil
}

// alone is the wait of a caller of whom nothing else is known. Without a bound on hints and
// attempts, and without a deadline, the plan refuses nothing.
func alone(local *slot.Plan, f slot.Feedback, hint time.Duration) time.Duration {
	turn, _ := local.Next(context.Background(), "", f, hint)
	return turn.Delay
}

// untilEnd is a wait that outlasts the context, which is over or has a deadline.
func untilEnd(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return time.Second
	}
	return max(time.Until(deadline), 0) + time.Second
}

// hintOf is how long the server asks to wait.
func hintOf(resp *http.Response) time.Duration {
	if resp == nil {
		return 0
	}
	return transport.RetryAfter(resp, nil)
}

// resultOf is what a response says about the capacity of its target.
func resultOf(resp *http.Response) slot.Result {
	switch {
	case resp == nil:
		return slot.Failed
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable:
		return slot.Rejected
	case resp.StatusCode >= http.StatusInternalServerError:
		return slot.Failed
	default:
		return slot.Success
	}
}
