package idemredis

import (
	"bytes"
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
)

// watchesDeadlines reports whether the client ends what it does at the deadline of the
// context. go-redis does so only when its options say so; without, a server that hangs
// holds a call for ReadTimeout, several times over, and an auto-pipelining client never
// looks at the context of one command.
func watchesDeadlines(client redis.UniversalClient) bool {
	switch c := client.(type) {
	case *redis.Client:
		return c.Options().ContextTimeoutEnabled
	case *redis.ClusterClient:
		return c.Options().ContextTimeoutEnabled
	default:
		return false
	}
}

// watched reports whether a step must be left behind when its context is done.
func (s *Store) watched(ctx context.Context) bool { return !s.bounded && ctx.Done() != nil }

// within sends a step, and ends with the context even when the client does not.
func (s *Store) within(ctx context.Context, sc script, id idem.ID, args []any) (reply, error) {
	if !s.watched(ctx) {
		r := s.send(ctx, sc, id, args)
		return r, r.Err()
	}
	done := make(chan reply, 1)
	go func() {
		r := s.send(ctx, sc, id, args)
		_ = r.Err() // a client may wait for the reply only now
		done <- r
	}()
	select {
	case r := <-done:
		return r, r.Err()
	case <-ctx.Done():
		return reply{}, ctx.Err()
	}
}

// own returns bytes that stay what they are for a step that may outlive its call.
func (s *Store) own(ctx context.Context, b []byte) []byte {
	if s.watched(ctx) {
		return bytes.Clone(b)
	}
	return b
}
