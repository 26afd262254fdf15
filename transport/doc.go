// Package transport is an http.RoundTripper that retries, and never sends one
// operation under two names.
//
//	client := &http.Client{
//		Transport: transport.New(http.DefaultTransport),
//		Timeout:   10 * time.Second,
//	}
//
// New builds the standard chain: a key is put on every POST and PATCH, once per
// call, and then the call is tried up to four times with the same key. A server that
// knows the key (package server, Stripe and others) runs the operation once. The
// parts are steps, func(http.RoundTripper) http.RoundTripper, and [Chain] puts them
// together in another order or with others ([Keys] outside of [Retry]: a key is for all attempts);
// any RoundTripper, such as that of otelhttp, fits above or below.
//
// # Order
//
// From the outside in, New puts [WithTimeout], [Resume], [Keys], [Retry] with its budget, slots
// and [WithAttemptTimeout], [Break], [Hedge], and the source of [WithDateSource]; all but Keys
// and Retry are there only when an option asks for them. So one key is for all attempts, a
// breaker sees each attempt and not the calls, and a hedge is within an attempt and its time.
// Steps of your own go around all of them ([WithCallSteps]) or right above base
// ([WithAttemptSteps]).
//
// # What is retried
//
// A request that may be repeated: its method is idempotent (RFC 9110, 9.2.2), or it carries a key,
// or the server cannot have seen it (connection refused, no connection at all, a TLS handshake
// that broke off, a name not resolved for now, an HTTP/2 stream refused or not begun before
// GOAWAY). It is repeated after 408, 425, 429, 500, 502, 503 and 504, after a 409 that says the
// first attempt is still in progress, and after transport errors; but not after those that are
// final by their nature: a certificate that does not verify, a TLS alert that says so, a host that
// does not exist, a malformed request, an open circuit breaker, a caller that has left. A replayed
// response, outcome-unknown, response-not-stored and key-reused are final; store-unavailable is
// not. Where a server says outright whether to try again (Stripe-Should-Retry, X-Should-Retry),
// that counts more than its status. [WithClassifier] puts rules of your own in front; [OnStatus],
// [OnResponse] and [OnError] make the usual ones.
//
// # When
//
// After a random wait (full jitter), or in the slot that a pacer gives ([WithSlots]), and never
// before the time that the server asked for in Retry-After, Retry-After-Ms or, without them, by
// the reset of a rate limit. A server that gives each caller a slot of its own (package server,
// Admission) is obeyed to the millisecond, and shown its ticket again; a caller with a seat in its
// line needs no slot from the pacer. A wait that does not end before the context's deadline is
// not begun: the call returns at once with what it has. With [WithGatedFirst], first attempts
// wait for slots, too, while their target is in trouble. Request.Cancel, which is deprecated,
// ends an attempt and what would follow it, but no wait: the context does.
//
// # How often
//
// Up to four times ([WithMaxAttempts]), and while the target's [Budget] lasts: retries may cost
// a fifth of the calls of the last ten seconds, and ten in a second in any case; one after a
// failure costs 1, one after a refusal (408, 409, 425, 429, 503) a half, because that is cheap
// for a server. That is what keeps a target that fails from getting a multiple of its load.
// [WithBudget] changes it or, with nil, takes it away. An attempt that the server answers with a
// seat in its line has not failed: up to 32 of a call are neither counted nor paid for.
//
// # How long
//
// [WithAttemptTimeout] gives up an attempt whose response does not begin in time, and
// another may follow; [WithTimeout] bounds the call and the reading of its response, as
// http.Client.Timeout does. Both end contexts with a cause of their own, so that they can be
// told from a caller that has left.
//
// # What comes back
//
// The last response, readable and with a nil error, when attempts or budget run out; when there
// is no response, an *[Error], which tells of the attempts; but an error that was final at the
// first attempt comes back as it is. Earlier responses are drained within bounds and closed, so
// connections are used again. A caller that waits for a slot and is then told that none comes in
// time gets the response it already had, if its body was short (16 KiB at most); one whose
// context ends gets an *[Error] with the context's cause.
//
// # Bodies
//
// A body is sent again by Request.GetBody, which http.NewRequest sets for the usual
// readers, without a copy. Without it, an io.Seeker is sent again from where it stood;
// of any other body up to 64 KiB ([WithBodyBuffer]) are remembered while it is sent. A
// longer one is sent once. The caller's request is never changed and its body always
// closed, which may be after the response has come; an error of closing it is lost then.
// A redirect that repeats the body (307, 308) is a new call, with a key of its own.
//
// A key has one side effect to know: net/http itself repeats a request that has an
// Idempotency-Key when the reused connection it took turns out to be dead, at once and
// perhaps on several dead connections in turn. The server may see one key several times
// for one attempt, and neither the attempt limit nor the observer counts that.
package transport
