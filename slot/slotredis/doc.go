// Package slotredis lets a fleet take turns: it keeps the books of package slot in Redis, so
// that callers in all processes that share a server wait in one queue.
//
//	client := redis.NewClient(&redis.Options{Addr: "redis:6379", ContextTimeoutEnabled: true})
//	queue := slot.NewQueue(slot.WithStore(slotredis.New(client)))
//	caller := &http.Client{Transport: transport.New(nil, transport.WithSlots(queue))}
//
// The client may be any of go-redis: for one server, for Sentinels
// ([redis.NewFailoverClient]), for a Cluster, and an auto-pipelining one
// ([redis.AutoPipeliner]). Over a [redis.Ring] turns are taken too, but it cannot carry
// notices, so more is asked, and the books of some targets start anew when its shards change.
// Redis 6, Redis 7 and Valkey have what the script needs; the tests run with Redis 7.0. Of
// the client's options ContextTimeoutEnabled is worth setting: go-redis itself then ends a
// question at its deadline, and the store needs no goroutine for that.
//
// # How it works
//
// A question is one Lua script over one key, which decides by the clock of the server (TIME)
// and by the rules of package book, with the same result to the last bit. Only durations
// come back, so the clocks of the clients play no part. One question asks for many callers
// and tells how many attempts ended; while a target has no trouble nothing is asked.
//
// The key is the prefix ([WithPrefix]), the version of the script and the target in braces.
// It takes about 350 bytes of the server's memory and expires after [WithLife]. What it holds
// can be lost without harm: the book starts anew, and learns again what the target can do. So
// persistence, replicas and an eviction policy are a matter of taste, unlike for package
// idemredis.
//
// Notices of what all should know at once, such as that a target answers again, are sent by
// PUBLISH from the script, on a channel named as the key: at most a few a second for a
// target that has trouble. One connection per store carries all of them, while somebody
// listens. In a Cluster they go to all of its servers: sharded channels would need a
// connection for each server, and Redis 7. A notice that is lost is found out by its number
// or by the silence, and asked for. When the connection breaks the queue's observer is told
// (Polling), more is asked meanwhile, and another connection is tried a little later.
//
// An answer that is lost on its way is one that was given: go-redis asks again, and some
// slots stay unused.
//
// # When Redis is down
//
// A question that has no answer in time is an error, within its context even when the client
// does not look at contexts. What follows is the queue's policy; see [slot.Queue].
//
// # Permissions
//
// A user with an access list needs the prefix as key and channel pattern (~slot:* &slot:*)
// and, for
//
//	+evalsha +eval +time +get +set               each question
//	+hello +client +ping                         each connection of go-redis
//	+publish +subscribe +unsubscribe             notices
//	+select                                      a database other than 0
//	+cluster +asking +command                    a Cluster
//	+incr +pexpire +multi +exec                  Counter
//
// Without +publish or +subscribe more is asked.
package slotredis
