package slottest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/goaroundhq/goaround/slot"
)

var queueRules = []rule{
	{"Queue/QueuesTakeTurns", takeTurns},
	{"Queue/ACallerWhoLeavesHoldsNobodyUp", leave},
}

var errBusy = errors.New("busy")

// model is a server that is down for a while, and then serves one request at a time in 10 ms
// and turns away what comes meanwhile.
type model struct {
	up    time.Time
	mu    sync.Mutex
	busy  bool
	calls int
}

func (m *model) call(context.Context) (struct{}, error) {
	m.mu.Lock()
	m.calls++
	refused := m.busy || time.Now().Before(m.up)
	if !refused {
		m.busy = true
	}
	m.mu.Unlock()
	if refused {
		return struct{}{}, errBusy
	}
	time.Sleep(10 * time.Millisecond)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.busy = false
	return struct{}{}, nil
}

func (e *env) queue() *slot.Queue {
	q := slot.NewQueue(slot.WithStore(e.store), slot.WithStoreTimeout(patience))
	e.Cleanup(func() { _ = q.Close() })
	return q
}

var rejected = slot.WithJudge(func(error) slot.Judgement { return slot.Judgement{Retry: true, Result: slot.Rejected} })

func takeTurns(e *env) {
	const callers, each = 30, 12
	target, m := e.target(), &model{up: time.Now().Add(500 * time.Millisecond)}
	ctx, cancel := context.WithTimeout(e.Context(), 2*patience)
	defer cancel()
	var all sync.WaitGroup
	for range 3 {
		plan := &slot.Plan{Pacer: e.queue()}
		for range callers / 3 {
			all.Go(func() {
				if _, err := slot.Do(ctx, plan, target, m.call, rejected); err != nil {
					e.Errorf("a caller was not served: %v", err)
				}
			})
		}
	}
	all.Wait()
	if m.calls > callers*each {
		e.Errorf("%d calls for %d callers: they do not take turns", m.calls, callers)
	}
}

// leave has most of those who wait give up: the others are served as if they had not been.
func leave(e *env) {
	target, m := e.target(), &model{up: time.Now().Add(500 * time.Millisecond)}
	ctx, cancel := context.WithTimeout(e.Context(), 2*patience)
	defer cancel()
	impatient, giveUp := context.WithTimeout(ctx, 400*time.Millisecond)
	defer giveUp()
	var all sync.WaitGroup
	for range 2 {
		plan := &slot.Plan{Pacer: e.queue()}
		for n := range 20 {
			all.Go(func() {
				ctx, stays := ctx, n == 19
				if !stays {
					ctx = impatient
				}
				if _, err := slot.Do(ctx, plan, target, m.call, rejected); (err == nil) != stays {
					e.Errorf("caller %d of 20: %v", n, err)
				}
			})
		}
	}
	all.Wait()
}
