// Package idemredis keeps the records of package idem in Redis, so that all processes that
// share a server run an operation once between them.
//
//	client := redis.NewClient(&redis.Options{Addr: "redis:6379", ContextTimeoutEnabled: true})
//	store := idemredis.New(client)
//	guard := idem.NewGuard(store)
//
// The client may be any of go-redis: for one server, for Sentinels
// ([redis.NewFailoverClient]), for a Cluster, and an auto-pipelining one
// ([redis.AutoPipeliner]), which is the fastest under load. Redis 6, Redis 7 and Valkey have
// what the scripts need; the tests run with Redis 7.0. Of the client's options
// ContextTimeoutEnabled is worth setting: go-redis itself then ends a step at its deadline,
// and the store needs no goroutine for that, which would cost a tenth of its throughput.
//
// # How it works
//
// Each step is one Lua script over one key, sent by its hash: a first run costs two trips, a
// replay one, and a server that has forgotten the scripts one more, once. The script decides
// by the clock of the server (TIME). Only durations are sent, so the clocks of the clients
// play no part, and a lease or a lifetime is as good as the server's clock: a clock that is
// set forward ends leases early. The fence is the server's time in microseconds, or one more
// than the last: it grows as long as no clock is set back between two claims of one ID, on
// one server or from one to its successor.
//
// The key is the prefix ([WithPrefix]) and the ID in hexadecimal digits, as [idem.ID] prints
// it, in braces. A pending record takes about 260 bytes of the server's memory, with key and
// expiry; a done one about 280 more than its fingerprint and result. Each record expires by itself.
//
// # When Redis is down
//
// A step that cannot be taken returns an error, within its context even when the client does
// not look at contexts. Nothing is assumed: an [idem.Guard] runs nothing without a claim, and
// an operation that has run but could not say so keeps its claim, which reads as unknown when
// its lease is over. Steps may be repeated: go-redis asks again when an answer was lost, and
// gets the same answer.
//
// A server that is full (maxmemory) refuses new claims with [idem.ErrFull] and lets those
// that it gave end: they are extended, released, abandoned, and completed with up to
// [idem.MinRecord] bytes, for which the server goes a little over its bound. The policy must
// be noeviction; any other lets the server forget claims, and operations run twice.
// [Store.Check] tells that, and more, when a program starts.
//
// # What can be lost
//
// An operation runs at most once as long as the server keeps what it has answered:
//
//	appendonly yes, appendfsync always    nothing, as long as the disk lives
//	appendonly yes, appendfsync everysec  the claims of the last second or two before a power cut;
//	                                      none when only the process ends
//	snapshots only                        the claims since the last snapshot, at each restart
//	no persistence                        all claims, at each restart
//	failover to a replica                 the claims that the replica did not have yet
//	  with WithReplicas                   fewer: those that a replica had which was not promoted
//	maxmemory-policy not noeviction       any claim, whenever memory is short
//
// A lost claim lets the operation run again. That is noticed only when both runs overlap: the
// second to complete gets [idem.ErrFenced]. A record that was done already and then lost leaves
// no trace. Where that is not enough, keep the records in the database that the operation
// writes to, with its transaction, or have what is downstream check the fence.
//
// [WithReplicas] has Claim and Complete wait for replicas. When too few answer in time, a
// claim returns [ErrReplicas] and nothing runs; the record that the server has is handed
// back by the guard, or ends with its lease. After a completion the record is there, and
// replays; the error says that a failover might lose it, and completing again, as the guard
// does, waits again. While replicas are missing each replay waits for the timeout too,
// because whether it is one is known only when the server has answered.
//
// # Waiting
//
// [Store.Wait] is told by the server when a record changes, by PUBLISH from the script that
// changes it, on a channel named as the key. Only records that somebody waits for are told
// of, so others cost nothing; in a Cluster each message goes to all servers. Hints can be
// lost, so a waiter also looks by itself every 0.5 to 2 seconds, once per process and ID. One
// connection per store carries all hints, from the first waiter until ten seconds after the
// last.
//
// # Permissions
//
// A user with an access list needs the prefix as key and channel pattern (~idem:* &idem:*)
// and, for
//
//	+evalsha +eval +time +get +set +setrange +del +pexpire +pttl  each step
//	+hello +client +ping                                          each connection of go-redis
//	+publish +subscribe +unsubscribe                              hints to those who wait
//	+select                                                       a database other than 0
//	+cluster +asking +command                                     a Cluster
//	+wait                                                         WithReplicas
//	+scan                                                         Scan
//	+info +config|get                                             Check
//
// Without +publish or +subscribe those who wait look by themselves; without +unsubscribe
// channels pile up on the connection as long as somebody waits.
package idemredis
