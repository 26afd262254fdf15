package slot_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/slot"
)

// tag marks the context of a caller.
type tag struct{}

// The observer is told of questions, slots and modes.
func TestQueueObserver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked, granted atomic.Int64
		modes := &events{}
		store := newShaky()
		q := newQueue(t, slot.WithStore(store), slot.WithQueueObserver(slot.QueueObserver{
			Asked: func(_ context.Context, info slot.AskedInfo) {
				if info.Target != target || info.Latency != time.Millisecond || info.Err != nil {
					t.Errorf("asked for %q in %v: %v", info.Target, info.Latency, info.Err)
				}
				asked.Add(1)
			},
			Granted: func(ctx context.Context, info slot.GrantedInfo) {
				if ctx.Value(tag{}) != "caller" {
					t.Error("a slot is told of without the context of its caller")
				}
				if info.Target != target || info.Wait < 0 || info.Wait > time.Minute {
					t.Errorf("a slot of %q came after %v", info.Target, info.Wait)
				}
				granted.Add(1)
			},
			Mode: func(_ context.Context, info slot.ModeInfo) { modes.add("%v to %v", info.From, info.To) },
		}))
		goDown(t, q)
		ctx := context.WithValue(t.Context(), tag{}, "caller")
		r, err := q.Reserve(ctx, target, failed)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.(slot.Awaiter).Wait(ctx); err != nil {
			t.Fatal(err)
		}
		q.Report(target, success)
		time.Sleep(2 * time.Minute)
		if got := modes.take(); !strings.HasPrefix(got, "[clear to down down to ") {
			t.Errorf("modes seen: %s", got)
		}
		if q.Targets() != 0 {
			t.Error("the target is still remembered")
		}
		if granted.Load() != 1 || asked.Load() != store.asks.Load() {
			t.Errorf("told of %d slots and %d questions, want 1 and %d", granted.Load(), asked.Load(), store.asks.Load())
		}
	})
}

// An observer may use the queue that it observes.
func TestQueueObserverIsNotLockedOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var q *slot.Queue
		q = newQueue(t, slot.WithQueueObserver(slot.QueueObserver{
			Asked: func(context.Context, slot.AskedInfo) {
				_, _ = q.Admit(t.Context(), "other")
				q.Report(target, rejected)
			},
		}))
		goDown(t, q)
	})
}

// events writes down what a queue's observer is told.
type events struct {
	mu  sync.Mutex
	log []string
}

func (e *events) add(format string, args ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.log = append(e.log, fmt.Sprintf(format, args...))
}

// take returns what was written down since the last time.
func (e *events) take() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	log := fmt.Sprint(e.log)
	e.log = nil
	return log
}

func (e *events) outage() slot.QueueObserver {
	return slot.QueueObserver{
		FellBack:  func(_ context.Context, info slot.FellBackInfo) { e.add("%d fell back: %v", info.Callers, info.Err) },
		Recovered: func(context.Context, slot.RecoveredInfo) { e.add("recovered") },
		Polling:   func(_ context.Context, info slot.PollingInfo) { e.add("polling: %v", info.Err) },
	}
}

// All observers are told, in order; functions that are nil are left out.
func TestSeveralQueueObservers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		told := &events{}
		note := func(name string) slot.QueueOption {
			return slot.WithQueueObserver(slot.QueueObserver{
				Asked:     func(context.Context, slot.AskedInfo) { told.add("%s asked", name) },
				Granted:   func(context.Context, slot.GrantedInfo) { told.add("%s granted", name) },
				Mode:      func(_ context.Context, info slot.ModeInfo) { told.add("%s %v", name, info.To) },
				FellBack:  func(context.Context, slot.FellBackInfo) { told.add("%s fell back", name) },
				Recovered: func(context.Context, slot.RecoveredInfo) { told.add("%s recovered", name) },
				Polling:   func(context.Context, slot.PollingInfo) { told.add("%s polling", name) },
			})
		}
		store := newShaky()
		q := newQueue(t, slot.WithStore(store), note("1st"), slot.WithQueueObserver(slot.QueueObserver{}), note("2nd"))
		goDown(t, q)
		synctest.Wait()
		if got := told.take(); !strings.Contains(got, "1st asked 2nd asked 1st down 2nd down") {
			t.Errorf("told %s", got)
		}
		store.down.Store(true)
		store.deafen()
		q.Report(target, failed)
		time.Sleep(10 * time.Second)
		_, _ = q.Reserve(t.Context(), target, failed) // falls back
		got := told.take()
		for _, want := range []string{"1st polling 2nd polling", "1st fell back 2nd fell back"} {
			if !strings.Contains(got, want) {
				t.Errorf("not told %q but %s", want, got)
			}
		}
	})
}
