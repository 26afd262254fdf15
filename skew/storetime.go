package skew

import (
	"context"
	"fmt"
	"time"
)

// StoreTime is the clock of a store, such as Redis' TIME or SQL's now(): what several
// machines must agree on when they share leases or windows in it, whether it is right or
// not. Give it a [Clock] of its own then; beside NTP servers it would be one more voice
// about the true time.
//
// now asks the store. It must return soon after its context ends, because a round waits for
// it, and Run for the round. Its answer was right between question and answer, to within the
// precision (1 µs for Redis' TIME), so the bound is the round trip. It is asked once a
// second at most. It panics when now is nil or the precision is negative.
func StoreTime(name string, precision time.Duration, now func(context.Context) (time.Time, error)) Source {
	if now == nil {
		panic("skew: StoreTime without a function to ask")
	}
	if precision < 0 {
		panic(fmt.Sprintf("skew: StoreTime(%v): precision must not be negative", precision))
	}
	return &storeTime{name: name, precision: precision, now: now}
}

type storeTime struct {
	name      string
	precision time.Duration
	now       func(context.Context) (time.Time, error)
}

func (s *storeTime) Name() string { return s.name }

// MinInterval keeps Run from asking a store that is down in a tight loop.
func (s *storeTime) MinInterval() time.Duration { return time.Second }

func (s *storeTime) Measure(ctx context.Context, local *Local) (Sample, error) {
	asked := local.Now()
	told, err := s.now(ctx)
	answered := local.Now()
	if err != nil {
		return Sample{}, err
	}
	return Sample{Low: told.Sub(answered), High: told.Add(s.precision).Sub(asked)}, nil
}
