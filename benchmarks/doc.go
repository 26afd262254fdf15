// Package benchmarks is a module of its own for measuring goaround, so that what it
// needs (and the libraries it is compared with) is not what users of goaround need.
//
//	go run ./bars     # from this folder, or: go run ./benchmarks/bars from the root
//
// runs the packages' own benchmarks and holds them against the bars of the design.
// Every bar is a difference to a bare stub measured in the same run, because absolute
// times say more about the machine than about the code.
//
//	go run ./peers
//
// measures other ways to retry calls beside goaround's transport, and says which rules of
// http.RoundTripper they break; its RESULTS.md is of such a run.
//
//	go run ./herd
//	go run ./herd -real
//
// ask what becomes of a herd of callers after an outage, by the pacer and by other ways to
// wait: in virtual time, and with processes, HTTP and Redis as they are. The first takes a
// minute, the second five.
//
//	go run ./load
//
// keeps one server busy for minutes and checks that its memory does not grow.
//
//	go run ./faults
//
// kills, stops and cuts off servers, clients and stores while orders are placed, and counts
// their effects.
//
//	go run ./results
//
// makes all of these measurements, one after the other, and writes their RESULTS.md and the one
// in this folder, which leads to them.
package benchmarks
