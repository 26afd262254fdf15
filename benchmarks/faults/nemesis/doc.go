// Package nemesis breaks what a run of benchmarks/faults stands on: each [Nemesis] is one kind
// of harm, and one Strike of it is one event. A strike does its harm, lasts for as long as
// the world's random numbers say, and mends everything before it returns, also when its
// context ends. So what comes after the last strike runs on sound ground.
//
// What a strike does, to whom and for how long is decided by [World.Rand] alone: the same seed
// gives the same strikes. When they hit what is going on, the machine decides.
//
// A nemesis that Forgets makes a store lose what it has acknowledged. No promise holds that
// the store does not keep, so [Parse] adds those only when they are named.
package nemesis
