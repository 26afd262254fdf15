package idemcache

import (
	"math"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// copied is a finished record.
type copied struct {
	fingerprint, record []byte
	at                  time.Time // when it was copied
	age                 time.Duration
	life                time.Duration // from at
}

// copyOverhead is about what a copy takes beside its bytes.
const copyOverhead = 256

func (c *copied) weight() uint32 {
	return uint32(min(copyOverhead+len(c.fingerprint)+len(c.record), math.MaxUint32))
}

// keep remembers a finished record, whose bytes nobody changes later.
func (s *Store) keep(id idem.ID, fingerprint, record []byte, age, life time.Duration) {
	c := &copied{fingerprint: fingerprint, record: record, at: time.Now(), age: age, life: min(life, s.maxAge)}
	if int64(c.weight()) <= s.max/8 { // one copy is not worth many others
		s.done.SetIfAbsent(id, c)
	}
}

// Recall implements [idem.Recaller].
func (s *Store) Recall(id idem.ID) (idem.ClaimResult, bool) {
	c, ok := s.done.GetIfPresent(id)
	if !ok {
		return idem.ClaimResult{}, false
	}
	since := time.Since(c.at)
	if since >= c.life {
		s.done.Invalidate(id)
		return idem.ClaimResult{}, false
	}
	return idem.ClaimResult{State: idem.Done, Fingerprint: c.fingerprint, Record: c.record, Age: c.age + since}, true
}
