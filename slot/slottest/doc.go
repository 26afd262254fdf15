// Package slottest holds the conformance suites of package slot: [Run] for every
// [slot.Store], and [RunPacer] for every [slot.Pacer], those of goaround and those that users
// write:
//
//	func TestStore(t *testing.T) {
//		slottest.Run(t, slottest.Target{
//			Open: func(t *testing.T) slot.Store { return mystore.New(connect(t)) },
//		})
//	}
//
// Each test is named after the rule that it holds the store or the pacer to. The rules of a
// store are about atomic steps, its clock, notices, and what several queues make of it.
package slottest
