// Package idemcache answers repetitions from memory, in front of a store on another
// machine.
//
//	store := idemcache.New(idemredis.New(client))
//	once := server.New(store, server.WithScope(customer))
//
// A finished operation's record never changes, so a copy of it is as good as the record:
// repetitions that reach the same process again cost the store nothing. And while an
// operation runs, everybody in the process who asks for it is told so, or waits for it,
// without asking the store; of several who ask for the same ID at the same time one asks
// for all.
//
// What is pending, unknown or absent is never remembered beyond that: those answers must
// come from the store. A copy can outlive its record by no more than [WithMaxAge], which
// only means that a repetition gets the first response a little longer. The same goes for
// a record that an operator purges in another process.
//
// The cache is bounded by bytes, starts no goroutine and needs no closing. It is not for
// transactional routes: there the record lives with its effect in one database, and a
// copy elsewhere would survive when both are restored from a backup.
//
// To seal records and still be quick, put the cache outside, and plain copies stay in
// this process only: idemcache.New(idemseal.New(store, key)).
package idemcache
