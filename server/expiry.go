package server

import (
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/skew"
)

// maxAhead is how far the clock of a client that makes keys may be ahead.
const maxAhead = 5 * time.Minute

// WithExpiringKeys refuses keys that carry their time (UUIDv7, as [idem.NewKey] makes
// them) when what was done under them may be forgotten, because running it again is not
// safe: with 400 key-expired when they may be nearly as old as records live, and with 400
// key-invalid when they were made in the future. The margin of both is 5 minutes, or a
// tenth of the lifetime of records where that is less: clients' clocks may be ahead by so
// much, and behind by more.
//
// nil reads the operating system's clock. Of a [skew.Reading] the end that is safe is used;
// while the clock is too uncertain to tell, requests with such keys get 503
// store-unavailable. By default keys never expire.
func WithExpiringKeys(clock *skew.Clock) Option {
	return func(c *config) { c.expiring, c.clock = true, clock }
}

// outOfTime says why the key must not be used, nil when it may.
//
// A key that was first used at some time was made at most ahead of it, and expires so much
// earlier than the record of that use.
func (h *handler) outOfTime(key string) *problem {
	if !h.expiring {
		return nil
	}
	made, ok := idem.KeyTime(key)
	if !ok {
		return nil
	}
	ttl := h.guard.TTL()
	ahead := min(maxAhead, ttl/10)
	switch now := h.clock.Read(); {
	case now.Uncertainty() > ahead: // else keys that were made just now seem to be from the future
		return clockUncertain(now)
	case made.After(now.Earliest.Add(ahead)):
		return keyFromTheFuture()
	case now.Latest.After(made.Add(ttl - ahead)):
		return keyExpired(ttl - ahead)
	default:
		return nil
	}
}
