// Package idemtest holds the conformance suite that every [idem.Store] must pass,
// those of goaround and those that users write:
//
//	func TestStore(t *testing.T) {
//		idemtest.Run(t, idemtest.Target{
//			Open:     func(t *testing.T) idem.Store { return mystore.New(connect(t)) },
//			Unit:     200 * time.Millisecond, // real time, because a server keeps the clock
//			Parallel: true,
//		})
//	}
//
// Each test is named after the rule it holds the store to. Optional interfaces
// ([idem.Waiter], [idem.Admin], [idem.Recaller]) are tested when the store has them.
//
// The rules come in three kinds. Those of the groups Claim to Admin are about single steps.
// Those of the groups Claiming to ClockJump put an [idem.Guard] in front of the store and
// break the connection between the two at one place: a reply that is lost, a request that
// comes late, a failover that forgets. The Storm does all of that at random, to many at once.
// The time that all of them count in is the target's; a rule that fails while the machine or
// the store stood still is tried again.
//
// [Disturb] is what breaks the connection. It is for your tests too: whatever you build on a
// store can be shown to keep its promise on a bad day.
package idemtest
