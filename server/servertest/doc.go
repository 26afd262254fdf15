// Package servertest holds the conformance suite of package server over any [idem.Store],
// those of goaround and those that users write: what a client of a guarded handler sees, on
// real connections, when requests race, clients hang up, processes die, responses do not fit
// and the store fails.
//
//	func TestOverHTTP(t *testing.T) {
//		servertest.Run(t, servertest.Target{
//			Open: func(t *testing.T) idem.Store { return mystore.New(connect(t)) },
//			Unit: 200 * time.Millisecond, // real time, because a server keeps the clock
//		})
//	}
//
// Each test is named after the right answer, so the list of them is the list of what is
// promised:
//
//	go test -v -run TestOverHTTP
//
// Run package idemtest first: it holds the store alone to its contract, and says more
// exactly what is wrong with one that fails here.
//
// Two servers that share the store stand for two machines. A process that dies is one whose
// line to the store is cut, so that its claim is never ended; that the store itself survives
// a kill is for the store's own tests.
package servertest
