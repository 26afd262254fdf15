package idemredis

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
)

// Store keeps the records of package idem in Redis. It is safe for concurrent use. It
// has goroutines and a connection of its own only while somebody waits for a record
// with [Store.Wait], and a little longer; see [Store.Close].
type Store struct {
	client   redis.UniversalClient
	bounded  bool // the client itself looks at the context's deadline
	prefix   string
	replicas replicas
	waiting  waiting
}

var (
	_ idem.Store  = (*Store)(nil)
	_ idem.Waiter = (*Store)(nil)
	_ idem.Admin  = (*Store)(nil)
)

// New makes a store over a client, which stays the caller's to close: a
// [redis.Client], one of [redis.NewFailoverClient], a [redis.ClusterClient], or a
// [redis.AutoPipeliner] over any of them. New does not talk to the server;
// [Store.Check] does.
//
// It panics when client is nil, when it is a [redis.Ring] (which forgets claims by
// moving keys to another server when theirs is down), and when an option does not suit
// the client.
func New(client redis.UniversalClient, opts ...Option) *Store {
	if client == nil {
		panic("idemredis: New without a client")
	}
	if _, ring := client.(*redis.Ring); ring {
		panic("idemredis: New with a redis.Ring: it would forget claims whenever a server is down")
	}
	s := &Store{client: client, prefix: DefaultPrefix}
	for _, opt := range opts {
		opt(s)
	}
	s.bounded = watchesDeadlines(client)
	s.replicas.check(client)
	s.waiting.init(s)
	return s
}

// key is where the record of id lies. The braces make the ID, and nothing that a client
// could choose, decide on the slot in a Cluster.
func (s *Store) key(id idem.ID) string {
	var space [128]byte // on the stack; a long prefix spills to the heap
	b := append(append(space[:0], s.prefix...), '{')
	return string(append(hex.AppendEncode(b, id[:]), '}'))
}

// Claim implements [idem.Store].
func (s *Store) Claim(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
	if err := ctx.Err(); err != nil {
		return idem.ClaimResult{}, err
	}
	if r.Lease <= 0 || r.TTL <= 0 {
		return idem.ClaimResult{}, fmt.Errorf("idemredis: claim with lease %v and TTL %v: both must be positive", r.Lease, r.TTL)
	}
	takeOver := 0
	if r.TakeOver {
		takeOver = 1
	}
	reply, err := s.run(ctx, claimScript, r.ID,
		string(r.Owner[:]), micros(r.Lease), micros(r.TTL), takeOver, s.own(ctx, r.Fingerprint))
	if err != nil {
		return idem.ClaimResult{}, err
	}
	a, err := readAnswer(reply.Text())
	if err == nil && a.state == idem.Acquired {
		err = reply.behind
	}
	if err != nil {
		return idem.ClaimResult{}, s.explain(claimScript, r.ID, err)
	}
	return a.claimResult(r), nil
}

// Extend implements [idem.Store]. The lease must be positive.
func (s *Store) Extend(ctx context.Context, c idem.Claim, lease time.Duration) error {
	if lease <= 0 {
		return fmt.Errorf("idemredis: extend with lease %v: must be positive", lease)
	}
	return s.change(ctx, extendScript, c.ID, string(c.Owner[:]), micros(lease))
}

// Complete implements [idem.Store].
func (s *Store) Complete(ctx context.Context, c idem.Claim, fingerprint, record []byte, ttl time.Duration) error {
	if ttl <= 0 {
		return fmt.Errorf("idemredis: complete with TTL %v: must be positive", ttl)
	}
	fence := binary.BigEndian.AppendUint64(nil, c.Fence)
	return s.change(ctx, completeScript, c.ID,
		string(c.Owner[:]), micros(ttl), fence, c.Attempt, s.own(ctx, fingerprint), s.own(ctx, record))
}

// Release implements [idem.Store].
func (s *Store) Release(ctx context.Context, c idem.Claim) error {
	return s.change(ctx, releaseScript, c.ID, string(c.Owner[:]))
}

// Abandon implements [idem.Store]. Of the reason the first idem.MaxReason bytes are kept.
func (s *Store) Abandon(ctx context.Context, c idem.Claim, reason string) error {
	reason = strings.ToValidUTF8(reason[:min(len(reason), idem.MaxReason)], "")
	return s.change(ctx, abandonScript, c.ID, string(c.Owner[:]), reason)
}

// forever is as long as anything lasts: a lease and a lifetime of it, added to today's
// date in microseconds, are still exact in a script.
const forever = 50 * 365 * 24 * time.Hour

// micros is how a duration is sent: in whole microseconds, at least one.
func micros(d time.Duration) int64 {
	return max(min(d, forever).Microseconds(), 1)
}
