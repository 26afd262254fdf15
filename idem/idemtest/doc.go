// Package idemtest holds the conformance suite that every [idem.Store] must pass,
// those of goaround and those that users write:
//
//	func TestStore(t *testing.T) {
//		idemtest.Run(t, idemtest.Target{
//			Open: func(t *testing.T) idem.Store { return mystore.New(connect(t)) },
//			Unit: 200 * time.Millisecond, // real time, because a server keeps the clock
//		})
//	}
//
// Each test is named after the rule it holds the store to. Optional interfaces
// ([idem.Waiter], [idem.Admin]) are tested when the store has them.
package idemtest
