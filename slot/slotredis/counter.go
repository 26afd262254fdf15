package slotredis

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/slot"
)

// Counter counts for a [slot.Ring] of a whole fleet: INCR, and an expiry by [WithLife] so
// that no counter is kept for ever. It is safe for concurrent use.
type Counter struct {
	config
	client redis.UniversalClient
	sender sender
}

var _ slot.Counter = (*Counter)(nil)

// NewCounter makes a counter over a client, which stays the caller's to close. It does not
// talk to the server. It panics when client is nil.
func NewCounter(client redis.UniversalClient, opts ...Option) *Counter {
	if client == nil {
		panic("slotredis: NewCounter without a client")
	}
	return &Counter{config: newConfig(opts), client: client, sender: newSender(client)}
}

// Next implements [slot.Counter] in one trip to the server.
func (c *Counter) Next(ctx context.Context, name string) (int64, error) {
	key := c.key("ring:", name)
	n, err := within(ctx, c.sender, func() (int64, error) {
		var n *redis.IntCmd
		_, err := c.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
			n = p.Incr(ctx, key)
			p.PExpire(ctx, key, c.life)
			return nil
		})
		return n.Val(), err
	})
	if err != nil {
		return 0, fmt.Errorf("slotredis: count: %w", explain(err))
	}
	return n, nil
}
