// Package site is the ground that a run of benchmarks/faults stands on: real servers that can
// be killed, paused and emptied, and between every two hosts that talk to each other a relay
// that can cut, slow and lose what passes.
//
//	server host i   -> a relay to each node of the store           [Site.StoreLinks]
//	client host i   -> a relay to each server host                 [Site.ServerLinks]
//	client host i   -> a relay to the Redis by which clients pace  [Site.PacerLink]
//
// The hosts are processes. Each is told where its relays are: a client by [Site.Servers] and
// [Site.Pacer], a server by [Site.Store], whose value travels as JSON in the task of the
// process and opens the store there. Clients of Redis learn the addresses of nodes from
// Sentinels and from the Cluster; a [Store] dials the relay to an address in its place.
//
// The store itself is the attacker's, who goes around the relays: [Site.Nodes] are its
// processes, [Site.Redis] are clients of its nodes, and [Site.DB] is its database.
package site
