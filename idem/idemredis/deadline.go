package idemredis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
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

// watched reports whether what is sent must be left behind when its context is done. No
// client ends what it does because a context without a deadline is cancelled; with one, the
// deadline bounds it also then.
func (s *Store) watched(ctx context.Context) bool {
	_, limited := ctx.Deadline()
	return ctx.Done() != nil && (!s.bounded || !limited)
}

// within returns what send returns, or the context's error when that is done first and the
// client would not notice. What send works with is then still its own.
func within[T any](ctx context.Context, s *Store, send func() (T, error)) (T, error) {
	if !s.watched(ctx) {
		return send()
	}
	type result struct {
		value T
		err   error
	}
	sent := make(chan result, 1)
	go func() {
		value, err := send()
		sent <- result{value, err}
	}()
	select {
	case r := <-sent:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// because adds the context's error to one that has it for its cause.
func because(ctx context.Context, err error) error {
	cause := ctx.Err()
	if end, limited := ctx.Deadline(); cause == nil && limited && !time.Now().Before(end) {
		cause = context.DeadlineExceeded // which a connection with this deadline noticed first
	}
	if err == nil || cause == nil || errors.Is(err, cause) {
		return err
	}
	return fmt.Errorf("%w (%w)", cause, err)
}

// own returns bytes that stay what they are for a step that may outlive its call.
func (s *Store) own(ctx context.Context, b []byte) []byte {
	if s.watched(ctx) {
		return bytes.Clone(b)
	}
	return b
}
