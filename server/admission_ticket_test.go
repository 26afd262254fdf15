package server_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/server"
)

func TestAdmission_ticketAdmitsOnceAtItsSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen entries
		h := server.Admission(server.AdmitRate(1, 1), noRoom, server.WithAdmissionObserver(seen.observer()))(takes(0))
		ask(h, "")
		slot, ticket := slotOf(t, ask(h, "").Header())

		again, same := slotOf(t, ask(h, ticket).Header()) // too early
		if again != slot || same != ticket {
			t.Errorf("early: slot %v, ticket %q; want the same again: %v, %q", again, same, slot, ticket)
		}
		time.Sleep(slot)
		wantStatus(t, ask(h, ticket), http.StatusOK)
		if e := seen.last(t); !e.Claimed || e.Verdict != server.Admitted {
			t.Errorf("entry %+v, want a claimed seat", e)
		}
		w := ask(h, ticket) // a second time
		wantStatus(t, w, http.StatusServiceUnavailable)
		if e := seen.last(t); e.Claimed {
			t.Errorf("entry %+v, want that of a newcomer", e)
		}
		if _, other := slotOf(t, w.Header()); other == ticket {
			t.Error("a used ticket was given out again")
		}
	})
}

func TestAdmission_seatIsKeptForTheGrace(t *testing.T) {
	for _, late := range []struct {
		by      time.Duration
		claimed bool
	}{{0, true}, {400 * time.Millisecond, true}, {401 * time.Millisecond, false}} {
		t.Run(fmt.Sprint(late.by), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var seen entries
				h := server.Admission(server.AdmitRate(2, 1), noRoom, server.WithGrace(400*time.Millisecond),
					server.WithAdmissionObserver(seen.observer()))(takes(0))
				ask(h, "")
				slot, ticket := slotOf(t, ask(h, "").Header())
				time.Sleep(slot + late.by)
				ask(h, "") // nobody was there
				ask(h, ticket)
				if e := seen.last(t); e.Claimed != late.claimed || (e.Verdict == server.Admitted) != late.claimed {
					t.Errorf("entry %+v, want claimed %v", e, late.claimed)
				}
			})
		})
	}
}

// Those who come early and find a free place use it, and others get their seats.
func TestAdmission_earlyHoldersSetTheirSeatsFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := server.Admission(server.AdmitConcurrency(1), noRoom)(takes(100 * time.Millisecond))
		warm(h)
		var wg sync.WaitGroup
		occupy := func() {
			wg.Go(func() { ask(h, "") })
			synctest.Wait()
		}
		occupy()
		var tickets []string
		for range 20 {
			_, ticket := slotOf(t, ask(h, "").Header())
			tickets = append(tickets, ticket)
		}
		wg.Wait()
		slices.Reverse(tickets)
		for _, ticket := range tickets[:10] {
			wantStatus(t, ask(h, ticket), http.StatusOK) // the last ones come first
		}
		occupy()
		if slot, _ := slotOf(t, ask(h, "").Header()); slot > 500*time.Millisecond {
			t.Errorf("slot %v, where all in the second half of 2 s have been set free", slot)
		}
		wg.Wait()
	})
}

// Tickets that are not worth anything get what everybody gets.
func TestAdmission_worthlessTickets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		foreign := server.Admission(server.AdmitRate(1, 1), noRoom)(takes(0)) // or this one, before a restart
		ask(foreign, "")
		_, ticket := slotOf(t, ask(foreign, "").Header())
		for name, values := range map[string][]string{
			"of another server": {`"` + ticket + `"`},
			"zero":              {`"AAAAAAAAAAAAAAAAAAAAAA"`},
			"empty":             {``},
			"empty string":      {`""`},
			"token":             {ticket},
			"integer":           {`17`},
			"two":               {`"` + ticket + `"`, `"` + ticket + `"`},
			"list":              {`"` + ticket + `", "` + ticket + `"`},
			"short":             {`"` + ticket[:21] + `"`},
			"long":              {`"` + ticket + `A"`},
			"huge":              {`"` + strings.Repeat("A", 1<<16) + `"`},
			"not base64":        {`"` + strings.Repeat("!", 22) + `"`},
		} {
			var seen entries
			h := server.Admission(server.AdmitRate(1, 1), noRoom, server.WithAdmissionObserver(seen.observer()))(takes(0))
			for _, want := range []int{http.StatusOK, http.StatusServiceUnavailable} {
				r := httptest.NewRequest(http.MethodGet, "/", nil)
				r.Header[server.TicketHeader] = values
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if e := seen.last(t); e.Claimed || w.Code != want {
					t.Errorf("ticket %s: status %d, want %d; entry %+v", name, w.Code, want, e)
				}
			}
		}
	})
}

// Those who were told to ask again and find a free place before that use it. The slots that
// others were promised remain theirs.
func TestAdmission_earlyWithoutASlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen entries
		h := server.Admission(server.AdmitRate(10, 1), noRoom, server.WithAdmissionObserver(seen.observer()))(takes(0))
		ask(h, "")
		for range 99 { // slots up to 10 s ahead
			ask(h, "")
		}
		far := make([]string, 20)
		for i := range far {
			_, far[i] = slotOf(t, ask(h, "").Header())
		}
		for _, ticket := range far {
			time.Sleep(100 * time.Millisecond)
			wantStatus(t, ask(h, ticket), http.StatusOK)
		}
		kept := 0
		for range 100 {
			ask(h, "")
			if seen.last(t).Kept {
				kept++
			}
		}
		if kept > 40 {
			t.Errorf("%d more slots, want one for each tenth of the 2 s that have passed, and some more for no-shows", kept)
		}
	})
}

// A deadline that a middleware outside has set ends a holder's wait, and not its seat.
func TestAdmission_deadlineKeepsTheSeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		h := server.Admission(server.AdmitConcurrency(1), noRoom)(hangs(10*time.Millisecond, hang))
		warm(h)
		var wg sync.WaitGroup
		wg.Go(func() { h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil)) })
		synctest.Wait()
		slot, ticket := slotOf(t, ask(h, "").Header())
		time.Sleep(slot)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
		r.Header.Set(server.TicketHeader, strconv.Quote(ticket))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if again, same := slotOf(t, w.Header()); same != ticket || again <= time.Millisecond {
			t.Errorf("slot %v, ticket %q; want a later one, and the same ticket %q", again, same, ticket)
		}
		close(hang)
		wg.Wait()
	})
}

// Holders who waited in vain get slots behind those who still wait, and no two the same.
func TestAdmission_movedSlotsAreInLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		h := server.Admission(server.AdmitConcurrency(1), noRoom)(hangs(100*time.Millisecond, hang))
		warm(h)
		var wg sync.WaitGroup
		wg.Go(func() { h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil)) })
		synctest.Wait()
		moved := make([]time.Duration, 3)
		for i := range moved {
			slot, ticket := slotOf(t, ask(h, "").Header())
			wg.Go(func() {
				time.Sleep(slot)
				moved[i], _ = slotOf(t, ask(h, ticket).Header())
			})
		}
		time.Sleep(2 * time.Second) // all have waited for the grace
		synctest.Wait()
		// In the order in which they gave up, two, one and none were still waiting.
		if moved[0] < moved[1]+200*time.Millisecond || moved[1] < moved[2]+200*time.Millisecond {
			t.Errorf("moved to %v from when each gave up, want one interval for each who waited on", moved)
		}
		close(hang)
		wg.Wait()
	})
}

// Two come for the same token: one has been waiting for it, the other comes at the very
// instant when it is there.
func TestAdmission_waitingComesBeforeComing(t *testing.T) {
	for range 30 { // which of the two gets to run first is left to chance
		synctest.Test(t, func(t *testing.T) {
			h := server.Admission(server.AdmitRate(1, 1), server.WithWaitingRoom(10, 10*time.Second))(takes(0))
			ask(h, "")
			start := time.Now()
			var wg sync.WaitGroup
			var waited, came time.Duration
			wg.Go(func() { time.Sleep(time.Second); ask(h, ""); came = time.Since(start) })
			wg.Go(func() { ask(h, ""); waited = time.Since(start) })
			wg.Wait()
			if waited != time.Second || came != 2*time.Second {
				t.Errorf("the one that waited was served after %v, the one that came then after %v", waited, came)
			}
		})
	}
}

func FuzzAdmissionTicket(f *testing.F) {
	for _, v := range []string{`"WJ3kq0pS6nR1yqzXc2dE5g"`, `"WJ3kq0pS6nR1yqzXc2dE5g";v=1`, `"WJ3kq0pS6nR1yqzXc2dE5h"`, `""`, `"`, `1;t="x"`} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) {
		ticket := server.ParseTicket([]string{v})
		if ticket == "" {
			return
		}
		if !strings.Contains(v, `"`+ticket+`"`) {
			t.Errorf("%q was read as %q", v, ticket) // one ticket has one spelling
		}
		if again := server.ParseTicket([]string{`"` + ticket + `"`}); again != ticket {
			t.Errorf("%q, and %q when it comes back", ticket, again)
		}
	})
}
