// Package server is HTTP middleware that runs a request once per idempotency key
// and gives every repetition the stored response.
//
//	store := idem.NewMemory()
//	once := server.New(store, server.WithScope(customer))
//	http.Handle("POST /orders", once(createOrder))
//
// New returns a func(http.Handler) http.Handler, so it mounts in net/http, chi and
// anything else that speaks the standard signature. Mount it inside
// authentication, because whose key it is must be known, and outside the handlers
// that have effects.
//
// The scope ([WithScope]) keeps the keys of callers apart, not what they take of the store:
// the bound of an [idem.Memory] is shared by all scopes, so one caller can fill it (about
// 116,000 small keys at the default bound); limit callers outside, or use one store per tenant.
//
// # What a request gets
//
// A request of a guarded method (POST and PATCH) that carries an Idempotency-Key
// claims the key before its handler runs. The response is stored first and sent
// then, so no client sees a success that was not recorded. A repetition gets the
// stored status, header fields and body with "Idempotency-Replayed: true". All
// other answers are problem documents (RFC 9457), which [PROBLEMS.md] lists:
//
//	400 key-missing, key-invalid, key-expired, body-unreadable
//	403 scope-unknown
//	409 in-progress (with Retry-After), outcome-unknown, response-not-stored
//	422 key-reused: the same key with another path, query, media type or body
//	503 store-unavailable (with Retry-After)
//
// A repetition that comes while the first request still runs can wait for its end
// instead of being told in-progress: WithGuard(idem.WithWait(d)).
//
// The name of the answer is also in its Idempotency-Status field. Requests without a key
// pass through unguarded unless [WithRequired] refuses them; requests of other methods
// always do.
//
// # What a handler may do
//
// The request body is hashed while the handler reads it and is never buffered. The
// response is kept up to 1 MiB ([WithMaxBody]); a longer one goes straight to the
// client and repetitions are told that it was not stored. Flush, Hijack, deadlines
// and io.ReaderFrom work; after a Flush bytes go out as they are written, and the
// record follows when the handler returns. A replay has the status, the fields that the
// handler set, and the body; not trailers, cookies, or what belongs to one exchange.
//
// Responses 408, 425, 429 and 503 mean that nothing happened, and free the key; so does
// [NothingHappened], and a 4xx to a request whose body broke off. Any other response is the result
// of the operation and is replayed, a 500 too. But a handler that panics, calls [OutcomeUnknown],
// or answers 5xx after the client has gone or the request's body broke off, leaves the outcome
// unknown, which is reported and never guessed. With [idem.AtLeastOnce] any other 5xx does, and
// the next attempt runs. In a handler [idem.FromContext] tells the fence and the attempt, and
// [idem.DownstreamKey] makes keys for calls to other services.
//
// A client that hangs up loses nothing: how the request ended is recorded all the
// same. The handler's context does end with the client's connection, as always in
// net/http; a handler that should finish its work uses context.WithoutCancel.
//
// # Transactions, and the truth about unknown outcomes
//
// With a store in the database of the effects, [WithTransactions] commits both together
// and each key has its effect exactly once; the handler gets the transaction from [Tx].
// Without one, [WithRecover] can look up how an operation ended when its process died.
//
// # When there are too many
//
// [Admission] bounds what handlers get, by their number or by a rate. It tells each refused
// caller when to come back, each at a time of its own, so that after an outage they come one
// after the other, at the pace of the server:
//
//	HTTP/1.1 503 Service Unavailable
//	Retry-After: 2
//	Admission-Slot: 1250;t="WJ3kq0pS6nR1yqzXc2dE5g"
//	Content-Type: application/problem+json
//
// The slot is in milliseconds, from this response. A client that understands it comes
// back then with the ticket, Admission-Ticket: "WJ3kq0pS6nR1yqzXc2dE5g", and goes in before
// those whose time is later and those who have none. Others go by Retry-After. Nothing has
// happened to a request that was refused; mount it outside of New, so that not even its
// key is claimed:
//
//	admit := server.Admission(server.AdmitConcurrency(64))
//	http.Handle("POST /orders", admit(once(createOrder)))
//
// Each process has its own line and its own tickets. Behind a balancer a caller may come
// back to another process, which serves it like anyone who comes at that time.
//
// # Timeouts
//
// Timeouts belong outside: http.TimeoutHandler inside this middleware answers
// 503 while the handler goes on, and the key would be free too early.
//
// [PROBLEMS.md]: https://github.com/goaroundhq/goaround/blob/main/server/PROBLEMS.md
package server
