// Package benchmarks is a module of its own for measuring goaround, so that what it
// needs (and the libraries it will be compared with) is not what users of goaround need.
//
//	go run ./bars     # from this folder, or: go run ./benchmarks/bars from the root
//
// runs the packages' own benchmarks and holds them against the bars of the design.
// Every bar is a difference to a bare stub measured in the same run, because absolute
// times say more about the machine than about the code.
package benchmarks
