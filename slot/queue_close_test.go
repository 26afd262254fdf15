package slot_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/goaroundhq/goaround/slot"
)

// Closing a queue leaves nobody standing.
func TestQueueClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := slot.NewQueue(slot.WithStore(newShaky()), slot.WithFallback(fixed(0)))
		goDown(t, q)
		waited := make(chan error)
		for range 5 {
			r := reserve(t, q, failed)
			go func() { waited <- r.Wait(t.Context()) }()
		}
		if err := q.Close(); err != nil {
			t.Error(err)
		}
		for range 5 {
			if err := <-waited; err != nil {
				t.Errorf("Wait = %v", err)
			}
		}
		if _, err := q.Reserve(t.Context(), target, failed); !errors.Is(err, slot.ErrUnavailable) {
			t.Errorf("Reserve after Close = %v, want ErrUnavailable", err)
		}
		q.Report(target, failed)
		if r, err := q.Admit(t.Context(), target); err != nil || r.Delay() != 0 {
			t.Errorf("Admit after Close = %v, %v", r, err)
		}
	})
}
