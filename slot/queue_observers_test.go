package slot_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/book"
)

// All observers are told, in order; functions that are nil are left out.
func TestSeveralQueueObservers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		told := &events{}
		note := func(name string) slot.QueueOption {
			return slot.WithQueueObserver(slot.QueueObserver{
				Asked:     func(string, time.Duration, error) { told.add("%s asked", name) },
				Granted:   func(context.Context, string, time.Duration) { told.add("%s granted", name) },
				Mode:      func(_ string, _, to book.Mode) { told.add("%s %v", name, to) },
				FellBack:  func(string, int, error) { told.add("%s fell back", name) },
				Recovered: func(string) { told.add("%s recovered", name) },
				Polling:   func(string, error) { told.add("%s polling", name) },
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
