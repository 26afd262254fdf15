// Package transport is an http.RoundTripper that retries, and never sends an
// operation twice under two names.
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
// any RoundTripper, such as that of
// otelhttp, fits above or below.
//
// # What is retried
//
// A request that may be repeated: its method is idempotent (RFC 9110, 9.2.2), or it
// carries a key, or the server cannot have seen it (connection refused, name not
// resolved for now, an HTTP/2 stream refused). It is repeated after 408, 425, 429,
// 500, 502, 503 and 504, after a 409 that says the first attempt is still in
// progress, and after transport errors; but not after those that are final by their
// nature: a certificate that does not verify, a host that does not exist, a malformed
// request, a caller that has left. A replayed response and outcome-unknown are final. [WithClassifier] puts own rules in front.
//
// # When
//
// After a random wait (full jitter), or the slot that a pacer gives, and never before
// the time that the server asked for in Retry-After or, without it, by the reset of a rate
// limit. A wait that does not end before the context's deadline is not begun: the call
// returns at once with what it has.
//
// # What comes back
//
// The last response, readable and with a nil error, when attempts run out; an *[Error]
// when there is no response. Earlier responses are drained within bounds and closed,
// so connections are used again.
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
