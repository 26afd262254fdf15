// Package slot decides when a failed call may be tried again, so that callers who were turned
// away together do not come back together.
//
// A slot is the instant at which an attempt may be sent. The shortest way to one is [Do],
// which runs an operation until it succeeds; package transport does the same for HTTP:
//
//	queue := slot.NewQueue()              // one per process
//	plan := &slot.Plan{Pacer: queue, MaxAttempts: 10}
//
//	order, err := slot.Do(ctx, plan, "orders", func(ctx context.Context) (Order, error) {
//		return client.Fetch(ctx, id)
//	})
//
// # Who decides
//
// A [Pacer] hands slots out for a target, which is whatever shares capacity: a host, a
// database, a queue.
//
//	Queue    callers of a target stand in line and are let through at the rate at which it
//	         serves them, which is learned; after an outage the first to ask is a single
//	         probe. For one process or a few; with WithStore for a fleet: package slotredis.
//	Ring     callers are dealt out over a fixed number of slots of a fixed width, in turn.
//	         Simple, and enough for small herds.
//	nobody   every caller waits at random by the plan's Backoff, FullJitter by default.
//
// When what a pacer depends on is out of reach, callers wait at random as if there were none;
// see [Queue] for how soon. It also says why a fleet needs a store: many processes that each
// have a queue alone do worse than with none.
//
// A [Plan] asks the pacer and bounds what it answers: how many attempts, how long a wait a
// server may ask for, and whether there is time left before the context's deadline. What a
// server asked for (Retry-After) is never undercut. It holds no state of a call, so one plan
// serves any number of them, and it is the one place where goaround decides between two
// attempts. Whoever needs more than Do asks it step by step:
//
//	turn, err := plan.Next(ctx, "api.example.com:443", feedback, hint)
//	if err != nil {
//		return err // no attempts left, or the wait cannot fit before the deadline
//	}
//	if err := turn.Wait(ctx); err != nil {
//		return err // the caller gave up while waiting, or no slot comes in time
//	}
//
// First attempts go at once. A pacer that is a [Gate] can hold them up too while a target has
// trouble, which spares it most calls that would fail: [Plan.Admit], [WithGate]. Where calls
// come steadily, and near to what the target can do, that is needed: else they leave no room
// for those who wait.
//
// All waits are durations on the caller's monotonic clock; the wall clock has no part in
// them.
//
// # Pacers and stores of your own
//
// Package slottest has the suites that every Pacer and every [Store] must pass. The rules of
// the queue are in package book, as a function of a state, an event and the time.
package slot
