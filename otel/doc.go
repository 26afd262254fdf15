// Package otel reports what goaround does through OpenTelemetry: instruments for metrics, and
// spans. One function for each package makes the option that it takes:
//
//	rt := transport.New(nil, goaroundotel.Transport())
//	once := server.New(store, server.WithScope(customer), goaroundotel.Server())
//	admit := server.Admission(limit, goaroundotel.Admission())
//	guard := idem.NewGuard(store, goaroundotel.Guard())
//	queue := slot.NewQueue(goaroundotel.Slots())
//	clock := skew.New(skew.WithSources(servers...), goaroundotel.Clock())
//
// [Budget] is no option: it shows what a transport.Budget has left whenever metrics are collected.
//
// All use the global provider of meters, and make no spans, unless they are told otherwise:
// [WithMeterProvider], [WithTracerProvider]. Package otelprom, below this one, has a handler
// for Prometheus, a dashboard and alerts; package eventlog writes to a log/slog.Logger and
// needs nothing of OpenTelemetry. A program that imports this package and
// go.opentelemetry.io/otel needs a name for one of them; the examples use goaroundotel.
//
// [OPERATIONS.md] says what to alert on, and what to do then.
//
// # Instruments
//
// All have the attribute service ([WithService]), and these:
//
//	retry.call.duration         histogram s              calls, by retry.target, retry.outcome
//	retry.call.attempts         histogram {attempt}      attempts of calls, by retry.target
//	retry.retries               counter   {retry}        decided, by retry.target, retry.reason
//	retry.suppressed            counter   {retry}        wanted and not made, by retry.target, retry.reason
//	retry.wait.duration         histogram s              before a retry, by retry.target, retry.wait.source
//	retry.unpaced               counter   {retry}        for which the pacer failed, by retry.target
//	retry.budget.left           gauge     {retry}        that Budget would pay for, by retry.target
//	retry.hedges                counter   {attempt}      hedged attempts, by retry.target, retry.hedge.result
//	retry.resumes               counter   {download}     broken downloads, by retry.target, retry.resume.result
//	idempotency.requests        counter   {request}      by operation, idempotency.result
//	retry.duplicate_operations  counter   {operation}    came again, did not run again, by operation
//	idempotency.claims          counter   {claim}        by idempotency.state; key-reused is of Do alone
//	idempotency.renewals        counter   {renewal}      of leases, by idempotency.result
//	idempotency.endings         counter   {claim}        by idempotency.ending, idempotency.result
//	idempotency.store.duration  histogram s              questions to the store, by idempotency.store.op, error.type
//	idempotency.inflight.wait   histogram s              for another's run, by idempotency.state, as it was then
//	admission.requests          counter   {request}      by admission.verdict, admission.ticket
//	admission.wait.duration     histogram s              inside, for a place
//	admission.slot.duration     histogram s              until refused callers shall come back
//	admission.waiting           gauge     {request}      inside, at the last decision
//	admission.rate              gauge     {request}/s    that the limit lets in
//	retry.slot_distribution     histogram s              until the slots that the queue gave
//	slot.store.duration         histogram s              questions to the store, by slot.store.result
//	slot.mode_changes           counter   {change}       of targets, by slot.mode, which they are in then
//	slot.fallbacks              counter   {caller}       not paced, because the store failed
//	slot.recoveries             counter   {recovery}     the store answers again
//	slot.notice_failures        counter   {failure}      notices of the store could not be heard
//	retry.clock_skew            gauge     s              true time less the system's, after each round
//	skew.uncertainty            gauge     s              how far off that may be
//	skew.rounds                 counter   {round}        by skew.result
//	skew.sync                   counter   {sync}         sources in a round, by skew.source, skew.result
//
// The outcome of a call is success_first or success_retried (a status below 400), not_retryable,
// canceled (the caller left), breaker_open (a circuit breaker let nothing through; what state it
// is in, its own library tells), or why there was no further attempt: exhausted, deadline, hint,
// budget, body. A reason is a status ("status_503") or a kind of error: timeout, reset, connect,
// dns, tls, breaker_open, canceled; what is none of these is status_other or, as an error, _OTHER.
// The results of requests are those of server.Outcome.
//
// A label has few values: no key, no URL, no text of an error is one. Targets and operations
// are found out at run time; of each, 64 are told apart and the others are _OTHER
// ([WithMaxValues]). Values are recorded with the context of the call, so those of a sampled
// trace become exemplars; but for the slots that it gives, what a queue does, it does for many
// calls, so slot.* have none. Nor have the counters that are added up here and told when metrics
// are collected: idempotency.requests, claims, renewals and endings, retry.duplicate_operations.
// What should never happen, an operation that was run twice, has a series that is 0 from the
// beginning, which is when the provider is set, or when the first event comes after that, so that
// the first time is seen as an increase.
//
// Of questions to the store of records, error.type is timeout, canceled or _OTHER, or an answer
// of a store that works: fenced, lost, full. Those that take no part in a run, such as of
// operators, are not measured, and waits for another's run only when they fail: how long they
// take is idempotency.inflight.wait. What that adds up to in a second is how many wait on average;
// there is no gauge of them, which would be counted up and down on the way.
//
// That a key is reused is found out at the claim by Do. A server reads the body later, and counts
// a claim that is done, and a request that was answered key-reused.
//
// # Spans
//
// With a provider of spans a call of transport.New is a tree:
//
//	retry POST            INTERNAL  the call: retry.attempts, retry.keyed, retry.outcome, status
//	  POST                CLIENT    an exchange; from the second on http.request.resend_count
//	  POST                CLIENT
//
// The call has an event for each wait, retry.wait, or retry.slot when a pacer gave a slot, and
// one for a retry that was wanted and not made, retry.suppressed. An exchange is an attempt, a
// hedge, or a request for the rest of a download; its span is the one that the server is told
// of ([WithPropagators]). Names and values follow the semantic conventions for HTTP; user,
// password and signatures are cut from url.full. Spans end with the header of the response.
// A status from 400 on and an error set the status Error; a caller who leaves, and a hedge
// that loses, do not.
//
// Servers make no span. The one in the request's context, such as that of an otelhttp handler
// outside of the middleware, is told idempotency.result, idempotency.ending and
// idempotency.id, which is the beginning of the record's ID and a hash.
//
// # Together with otelhttp
//
// Instrument exchanges once. Where otelhttp is below, at the base of the chain, leave them to it by
// [WithoutAttemptSpans], and let [ResendCount] add what it does not know. Where it is above, around
// the chain, it has one span and one http.client.request.duration for the call, and the tree
// above hangs below that span. This package never records http.client.request.duration itself.
//
// # Cost
//
// Without an option a package does nothing of this. With one, and a global provider that is not
// set, an event costs some 10 to 20 ns; with the SDK and a reader, a call that succeeds at once
// costs about half a microsecond, and so does an operation that runs under a claim, in a server or
// not: both are two histograms, and what is added up here costs next to nothing. None of this
// allocates. A transport that is observed looks at the clock as well, which takes 0.1 to 0.2
// microseconds for a call, and a guard takes as much for its questions to the store. With spans a
// call costs several microseconds.
//
// [OPERATIONS.md]: https://github.com/goaroundhq/goaround/blob/main/otel/OPERATIONS.md
package otel
