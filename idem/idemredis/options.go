package idemredis

import (
	"fmt"
	"strings"
	"time"
)

// DefaultPrefix is in front of every key and channel unless [WithPrefix] says otherwise.
const DefaultPrefix = "idem:"

// Option configures a [Store].
type Option func(*Store)

// WithPrefix sets what is in front of every key, to keep the records apart from other
// data in the same database. Stores that shall see each other's records need the same
// one. The default is [DefaultPrefix]. It panics when the prefix has a brace in it,
// because that would decide on the slot in a Cluster and put all records on one server.
func WithPrefix(prefix string) Option {
	if strings.ContainsAny(prefix, "{}") {
		panic(fmt.Sprintf("idemredis: WithPrefix(%q): must not contain braces", prefix))
	}
	return func(s *Store) { s.prefix = prefix }
}

// WithReplicas makes Claim and Complete wait until n replicas have what was written, for
// at most timeout, with Redis's WAIT on the same connection and in the same trip. When
// fewer have it in time they return an error that matches [ErrReplicas]; see the package
// documentation for what that means. It narrows what a failover can lose and does not
// make it nothing: Redis may promote a replica that is not among the n.
//
// The client must be a [redis.Client] or a [redis.ClusterClient] itself, whose
// ReadTimeout is longer than timeout; [New] panics otherwise. The default is not to wait.
// WithReplicas panics when n is not positive or timeout is below a millisecond.
func WithReplicas(n int, timeout time.Duration) Option {
	if n <= 0 || timeout < time.Millisecond {
		panic(fmt.Sprintf("idemredis: WithReplicas(%d, %v): both must be positive, the timeout at least 1ms", n, timeout))
	}
	return func(s *Store) { s.replicas.n, s.replicas.timeout = n, timeout }
}
