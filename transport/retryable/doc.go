// Package retryable takes a tuned client of github.com/hashicorp/go-retryablehttp over to
// package transport, callback by callback or as a whole, and lends the parts of this module
// to such a client where it has to stay.
//
// # Step by step
//
// 1. Keep the client, and give its calls what they lack. [Standard] is its StandardClient
// with an Idempotency-Key for each call and without its bad manners; [Under] puts steps
// under it, which see each attempt, and keeps it from closing the idle connections of
// others; [AsBackoff] lets a plan with a pacer decide its waits.
//
//	client := retryable.Standard(retryable.Under(rc, steps...))
//
// 2. Change the engine, and keep everything that was tuned:
//
//	client, err := retryable.FromClient(rc)
//
// 3. Let go of what was tuned for the old engine. A nil CheckRetry is the default rule of
// package transport, a nil Backoff is full jitter from RetryWaitMin to RetryWaitMax, a nil
// Logger is silence:
//
//	rc.CheckRetry, rc.Backoff, rc.Logger = nil, nil, nil
//
// 4. Write down what is left as options, with [Policy], [Backoff], [Log] and [Hooks] for the
// callbacks that shall stay, and drop the old client:
//
//	http.Client{Transport: transport.New(nil, transport.WithMaxAttempts(5))}
//
// [MIGRATION.md] has a table of what takes the place of what, and says how to
// come from other libraries.
//
// # What is carried over
//
//   - RetryMax: one attempt more (transport.WithMaxAttempts).
//   - RetryWaitMin, RetryWaitMax, Backoff: see [Backoff] and [OutcomeBackoff]. A server may ask
//     for up to RetryWaitMax, or slot.DefaultMaxHint where that is more; beyond it the call
//     ends.
//   - CheckRetry: see [Policy]. An error that it returns comes back in place of the response,
//     which is closed. Responses that speak of an idempotency key are not for it to judge.
//   - ErrorHandler, PrepareRetry, RequestLogHook, ResponseLogHook: see [Hooks].
//   - Logger: see [Log]. That of NewClient writes to standard error.
//   - HTTPClient: Transport, Jar, CheckRedirect; and Timeout, which bounds each attempt until
//     its body is closed, and not the call.
//
// # What is different
//
//   - When attempts run out, and neither ErrorHandler nor CheckRetry says otherwise, the last
//     response comes back, readable, instead of an error without it.
//   - A request is tried again only if that is safe: its method is idempotent, it has a key, or
//     the server did nothing. POST and PATCH are given a key. A retry also has to fit before
//     the deadline, and into the budget (transport.WithBudget).
//   - A body with GetBody, as http.NewRequest makes it, is not copied. Of any other that cannot
//     seek, 64 KiB are remembered (transport.WithBodyBuffer); a longer one is sent once.
//   - Redirects are followed between calls, as http.Client does: each target has all attempts
//     for itself. A cookie that comes with a response which is tried again is not kept.
//   - What a hook changes in a request is changed for one attempt, and never in the caller's
//     request. ResponseLogHook comes before CheckRetry, not after it.
//   - Without an HTTPClient or its Transport, http.DefaultTransport is used.
//
// Not carried over is what belongs to a retryablehttp.Request: its response handler, and a
// ReaderFunc, whose place is GetBody of an http.Request.
//
// Without a CheckRetry the default rule decides. It agrees with DefaultRetryPolicy but for
// this: 408 and 425 are tried again, of the 5xx only 500, 502, 503 and 504; what the server
// says about the key, or outright about another attempt (Stripe-Should-Retry), counts for more
// than the status; hosts that do not exist, all errors about certificates, refusals in the TLS
// handshake, malformed requests and open breakers are final.
//
// [MIGRATION.md]: https://github.com/goaroundhq/goaround/blob/main/transport/retryable/MIGRATION.md
package retryable
