package slot_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/slot"
)

var errBusy = errors.New("busy")

// server serves so many requests a second, each in 100 ms, and turns away what is above
// that, or all while it is down.
type server struct {
	mu       sync.Mutex
	capacity int // per 100 ms
	until    time.Time
	window   time.Time
	served   int
	calls    atomic.Int64
}

func (s *server) call(context.Context) (bool, error) {
	s.calls.Add(1)
	s.mu.Lock()
	now := time.Now()
	if now.Sub(s.window) >= 100*time.Millisecond {
		s.window, s.served = now, 0
	}
	s.served++
	full := now.Before(s.until) || s.served > s.capacity
	s.mu.Unlock()
	if full {
		time.Sleep(time.Millisecond)
		return false, errBusy
	}
	time.Sleep(100 * time.Millisecond)
	return true, nil
}

// A herd that was turned away drains in little more than the time that the server needs,
// and with few calls: in one process, and in four that share a store.
func TestQueueTakesTurns(t *testing.T) {
	t.Parallel()
	const callers, outage, perSecond = 400, 5 * time.Second, 100
	judge := slot.WithJudge(func(error) slot.Judgement { return slot.Judgement{Retry: true, Result: slot.Rejected} })
	for name, tt := range map[string]struct {
		processes int
		opts      []slot.DoOption
		calls     float64 // per caller
	}{
		"one process":    {1, nil, 2.7},
		"four processes": {4, nil, 2.7},
		"gated":          {4, []slot.DoOption{slot.WithGate()}, 1.7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := &server{capacity: perSecond / 10, until: time.Now().Add(outage)}
				store := newShaky()
				var plans []*slot.Plan
				for range tt.processes {
					opt := slot.WithStore(store)
					if tt.processes == 1 {
						opt = slot.WithInitialRate(perSecond)
					}
					plans = append(plans, &slot.Plan{Pacer: newQueue(t, opt, slot.WithInitialRate(perSecond))})
				}
				start := time.Now()
				var herd sync.WaitGroup
				for n := range callers {
					herd.Go(func() {
						time.Sleep(time.Duration(n) * time.Second / callers)
						if _, err := slot.Do(t.Context(), plans[n%len(plans)], target, srv.call, append(tt.opts, judge)...); err != nil {
							t.Error(err)
						}
					})
				}
				herd.Wait()
				drain := time.Since(start) - outage
				calls := float64(srv.calls.Load()) / callers
				t.Logf("drained in %v, %.2f calls per caller, %d questions", drain, calls, store.asks.Load())
				if ideal := time.Second * callers / perSecond; drain > 2*ideal {
					t.Errorf("the herd drained in %v, ideal is %v", drain, ideal)
				}
				if calls > tt.calls {
					t.Errorf("%.2f calls per caller, want at most %v", calls, tt.calls)
				}
			})
		})
	}
}
