package idemredis

import (
	"time"

	"github.com/redis/go-redis/v9"
)

// SetIdle sets how long the subscription is kept when nobody waits.
func SetIdle(s *Store, d time.Duration) { s.waiting.idle = d }

// Kept returns how many records the store keeps something for, because of waiters.
func Kept(s *Store) int {
	s.waiting.mu.Lock()
	defer s.waiting.mu.Unlock()
	return len(s.waiting.watchers) + len(s.waiting.stale)
}

// RemedyFor returns what to do about what a server refuses.
func RemedyFor(err redis.Error) string { return remedyFor(err) }
