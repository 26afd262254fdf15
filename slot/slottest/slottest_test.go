package slottest_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/slottest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemory(t *testing.T) {
	t.Parallel()
	slottest.Run(t, slottest.Target{Open: func(*testing.T) slot.Store { return slot.NewMemory() }, Bubble: true})
}

// In real time, and in a store that all rules share.
func TestMemoryInRealTime(t *testing.T) {
	t.Parallel()
	store := slot.NewMemory()
	slottest.Run(t, slottest.Target{Open: func(*testing.T) slot.Store { return store }})
}

func TestPacers(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T) slot.Pacer{
		"Queue": func(t *testing.T) slot.Pacer { return queue(t) },
		"Queue over a store": func(t *testing.T) slot.Pacer {
			return queue(t, slot.WithStore(slot.NewMemory()))
		},
		"Ring": func(*testing.T) slot.Pacer { return &slot.Ring{Width: time.Second} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			slottest.RunPacer(t, slottest.PacerTarget{Open: open, Bubble: true})
		})
	}
}

func queue(t *testing.T, opts ...slot.QueueOption) *slot.Queue {
	q := slot.NewQueue(opts...)
	t.Cleanup(func() { _ = q.Close() })
	return q
}
