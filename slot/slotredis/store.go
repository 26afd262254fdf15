package slotredis

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/book"
)

// Store keeps the books of targets in Redis. It is safe for concurrent use. It has
// goroutines and a connection of its own only while somebody listens.
type Store struct {
	config
	client redis.UniversalClient
	sender sender
	hub    hub
}

var _ slot.Store = (*Store)(nil)

// New makes a store over a client, which stays the caller's to close: a [redis.Client], one
// of [redis.NewFailoverClient], a [redis.ClusterClient], or a [redis.AutoPipeliner]; over a
// [redis.Ring] there are no notices. New does not talk to the server. It panics when client
// is nil.
func New(client redis.UniversalClient, opts ...Option) *Store {
	if client == nil {
		panic("slotredis: New without a client")
	}
	s := &Store{config: newConfig(opts), client: client, sender: newSender(client)}
	s.hub.client = client
	return s
}

// Ask implements [slot.Store] with one call of a script on one key.
func (s *Store) Ask(ctx context.Context, target string, r book.Rules, a book.Ask) (book.Answer, error) {
	reply, err := within(ctx, s.sender, func() (string, error) {
		return askScript.Run(ctx, s.client, []string{s.key(bookKind, target)}, encodeAsk(r, a), s.life.Milliseconds()).Text()
	})
	if err != nil {
		return book.Answer{}, fmt.Errorf("slotredis: ask: %w", explain(err))
	}
	answer, err := decodeAnswer(reply)
	if err != nil {
		return book.Answer{}, fmt.Errorf("slotredis: ask: %w", err)
	}
	return answer, nil
}

// errRing is why nobody listens over a Ring. Its Subscribe panics without a channel, and with
// some it goes to the shard of the first alone; the notices of a book are at its own.
var errRing = errors.New("a redis.Ring cannot carry notices, the queue asks more often instead")

// Listen implements [slot.Store]. All who listen in a store share one connection. When it
// breaks they all return, and whoever listens next connects again. Over a [redis.Ring] nobody
// can listen: it returns an error at once.
func (s *Store) Listen(ctx context.Context, target string, heard func(book.Notice)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, ring := s.client.(*redis.Ring); ring {
		return fmt.Errorf("slotredis: listen: %w", errRing)
	}
	l := s.hub.join(s.key(bookKind, target))
	defer s.hub.leave(l)
	for {
		select {
		case n := <-l.notices:
			heard(n)
		case <-l.session.ended:
			return fmt.Errorf("slotredis: listen: %w", explain(l.session.err))
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Close ends the connection for notices, which otherwise closes by itself when nobody
// listens any more; those who listen return. It waits for that at most a second: a server
// that cannot be reached holds it up. It need not be called, and it does not close the
// client. The store stays usable.
func (s *Store) Close() error {
	s.hub.close()
	return nil
}
