// Package idem makes an operation that may be asked for twice happen once.
//
// An idempotency key names one logical operation: the client makes it once, with
// [NewKey], and sends it on every attempt. The side that runs the operation
// claims the key in a [Store] before it starts, and keeps the result under it:
//
//	guard := idem.NewGuard(idem.NewMemory())
//	op := idem.Operation{Name: "charge", Scope: "customer-7", Key: key}
//	receipt, err := idem.Do(ctx, guard, op, func(ctx context.Context) (Receipt, error) {
//		return charge(ctx, order) // runs at most once per key; later calls get the first receipt
//	})
//
// For HTTP the server package does this around any http.Handler and the
// transport package sends the keys; both speak the Idempotency-Key header of the
// IETF draft "The Idempotency-Key HTTP Header Field", which this package parses
// and formats ([ParseHeader], [FormatHeader]).
//
// # States
//
// A record is identified by an [ID], a hash over namespace, scope, method, route
// and key. Every transition is one atomic step in the store, by the store's
// clock:
//
//	absent   -Claim->    pending (owner, fence, attempt, lease)
//	pending  -Extend->   pending, while the operation runs
//	pending  -Complete-> done, which never changes until its lifetime is over
//	pending  -Release->  absent, only when nothing happened
//	pending  -Abandon->  unknown
//	pending, lease over: reads as unknown with AtMostOnce;
//	                     is taken over by the next Claim with AtLeastOnce
//	unknown  -Claim->    pending again, with AtLeastOnce only
//	unknown  -Complete by the same owner-> done (a late truth is still the truth)
//	unknown  -Resolve->  done or absent, by an operator (Admin) or a RecoverFunc
//
// An operation whose process died may or may not have had its effect. That is
// the unknown state: [AtMostOnce], the default, reports it and never guesses;
// [AtLeastOnce] is for operations that say of themselves that a repetition does
// no harm.
//
// # What is promised
//
// As long as the store keeps what it was told, an AtMostOnce operation runs at
// most once per ID within the lifetime of its record, which is counted from
// completion (24 hours by default). A store that forgets (a memory store at
// process exit, a replica promoted before it had the write) forgets the promise
// with it. Where the whole effect is in the database that has the records too, [DoIn]
// makes it exactly once.
//
// # Stores
//
// [Memory] is one process's own. Package idemredis keeps records in Redis, idemsql in
// PostgreSQL or SQLite; idemcache answers repetitions from memory in front of them, and
// idemseal encrypts what they keep.
package idem
