package server_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/server"
)

// Nobody waits inside in vain.
func TestAdmission_roomIsForThoseWhoCanBeServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen entries
		h := server.Admission(server.AdmitConcurrency(1), server.WithWaitingRoom(10, 500*time.Millisecond),
			server.WithAdmissionObserver(seen.observer()))(takes(time.Second))
		warm(h)
		var wg sync.WaitGroup
		wg.Go(func() { ask(h, "") })
		synctest.Wait()
		wantStatus(t, ask(h, ""), http.StatusServiceUnavailable)
		if e := seen.last(t); e.Waited != 0 {
			t.Errorf("entry %+v, want that it is refused at once: a place is free in a second at the earliest", e)
		}
		wg.Wait()
	})
}

// One of two places is lost to a request that hangs, while the other goes on.
func TestAdmission_placesThatHangAreNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen entries
		hang := make(chan struct{})
		h := server.Admission(server.AdmitConcurrency(2), noRoom, server.WithAdmissionObserver(seen.observer()))(hangs(10*time.Millisecond, hang))
		warm(h)
		before := seen.last(t).Rate
		var wg sync.WaitGroup
		wg.Go(func() { h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil)) })
		time.Sleep(time.Second)
		warm(h)
		if after := seen.last(t).Rate; before < 190 || after > 100 {
			t.Errorf("%.0f in a second with two places, %.0f with one; want 200, and no more than half", before, after)
		}
		close(hang)
		wg.Wait()
	})
}

// A handler becomes slow. Those who come in time wait for the grace, and keep their
// ticket and their place in front of newcomers.
func TestAdmission_slotMovesWhenTheHandlerIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := make(chan struct{})
		var once sync.Once
		h := server.Admission(server.AdmitConcurrency(1), noRoom, server.WithGrace(time.Second))(http.HandlerFunc(
			func(_ http.ResponseWriter, r *http.Request) {
				time.Sleep(10 * time.Millisecond)
				if r.Method == http.MethodPost {
					<-slow
				}
			}))
		warm(h)
		var wg sync.WaitGroup
		defer wg.Wait()
		defer once.Do(func() { close(slow) })
		wg.Go(func() { h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil)) })
		synctest.Wait()
		slot, ticket := slotOf(t, ask(h, "").Header())
		if slot != 10*time.Millisecond {
			t.Fatalf("slot %v, want 10 ms", slot)
		}
		time.Sleep(slot)
		start := time.Now()
		w := ask(h, ticket)
		wantStatus(t, w, http.StatusServiceUnavailable)
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("waited %v, want the grace", waited)
		}
		moved, same := slotOf(t, w.Header())
		if same != ticket {
			t.Errorf("ticket %q, want the same, %q", same, ticket)
		}
		if moved <= slot {
			t.Errorf("slot %v, want later ones now", moved)
		}
		newcomer, _ := slotOf(t, ask(h, "").Header())
		if newcomer <= moved {
			t.Errorf("a newcomer's slot %v is not after %v", newcomer, moved)
		}
		time.Sleep(moved)
		once.Do(func() { close(slow) })
		wantStatus(t, ask(h, ticket), http.StatusOK)
	})
}

// That a handler hangs is seen while it does, and none of its requests has ended.
func TestAdmission_slotsAreLaterWhenNothingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		h := server.Admission(server.AdmitConcurrency(2), noRoom)(hangs(10*time.Millisecond, hang))
		warm(h)
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() { h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil)) })
		}
		synctest.Wait()
		before, _ := slotOf(t, ask(h, "").Header())
		time.Sleep(30 * time.Second)
		after, _ := slotOf(t, ask(h, "").Header())
		if after < 20*before {
			t.Errorf("slots %v, and %v when nothing has ended for 30 s", before, after)
		}
		close(hang)
		wg.Wait()
	})
}

func TestAdmission_beyondTheHorizon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen entries
		h := server.Admission(server.AdmitRate(10, 1), noRoom, server.WithHorizon(10*time.Second),
			server.WithAdmissionObserver(seen.observer()))(takes(0))
		ask(h, "")
		var far []time.Duration
		var ticket string
		for i := range 1000 {
			var slot time.Duration
			slot, ticket = slotOf(t, ask(h, "").Header())
			e := seen.last(t)
			if e.Kept != (i < 99) || ticket == "" {
				t.Fatalf("caller %d: entry %+v, ticket %q, want seats for those within 10 s, and tickets for all", i, e, ticket)
			}
			if !e.Kept {
				far = append(far, slot)
			}
		}
		own := far[len(far)-1]
		slices.Sort(far)
		if first, last := far[0], far[len(far)-1]; first < 6600*time.Millisecond || first > 7*time.Second ||
			last < 9*time.Second || last > 10*time.Second {
			t.Errorf("the others come back between %v and %v, want all over the last third of 10 s", first, last)
		}
		time.Sleep(own)
		ask(h, "")
		slot, same := slotOf(t, ask(h, ticket).Header())
		if e := seen.last(t); !e.Kept || e.Claimed || same != ticket {
			t.Errorf("entry %+v, ticket %q, want a seat for the ticket that it had, %q", e, same, ticket)
		}
		time.Sleep(slot)
		wantStatus(t, ask(h, ticket), http.StatusOK)
		if e := seen.last(t); !e.Claimed {
			t.Errorf("entry %+v, want a claimed seat", e)
		}
	})
}

// A thousand are refused and never come back. Whoever is refused later does not wait for
// them; but as soon as seats are claimed again, they count.
func TestAdmission_noShowsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := server.Admission(server.AdmitRate(100, 1), noRoom)(takes(0))
		ask(h, "")
		for range 900 {
			ask(h, "")
		}
		slot := func() time.Duration {
			for {
				if w := ask(h, ""); w.Code != http.StatusOK {
					at, _ := slotOf(t, w.Header())
					return at
				}
			}
		}
		if at := slot(); at < 9*time.Second {
			t.Errorf("slot %v, want one behind all the others", at)
		}
		for range 500 { // some callers, and there is always a place for them
			time.Sleep(20 * time.Millisecond)
			wantStatus(t, ask(h, ""), http.StatusOK)
		}
		if at := slot(); at > 5*time.Second {
			t.Errorf("slot %v after 10 s without a line, where one could come at once", at)
		}
		for range 300 {
			w := ask(h, "")
			if w.Code != http.StatusOK {
				at, ticket := slotOf(t, w.Header())
				time.Sleep(at)
				wantStatus(t, ask(h, ticket), http.StatusOK)
			}
		}
		var last time.Duration
		for range 500 {
			last = slot()
		}
		if last < 4*time.Second {
			t.Errorf("slot %v, want one behind 500 others who will come", last)
		}
	})
}
