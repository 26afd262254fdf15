package server_test

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/server"
)

// entries collects what an admission decides.
type entries struct {
	mu  sync.Mutex
	all []server.Entry
}

func (e *entries) observer() server.AdmissionObserver {
	return server.AdmissionObserver{Decided: func(_ context.Context, one server.Entry) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.all = append(e.all, one)
	}}
}

func (e *entries) last(t *testing.T) server.Entry {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.all) == 0 {
		t.Fatal("nothing was decided")
	}
	return e.all[len(e.all)-1]
}

// takes is a handler that takes some time.
func takes(d time.Duration) http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(d) })
}

// hangs is one that, when asked to POST, also waits until hang is closed.
func hangs(d time.Duration, hang <-chan struct{}) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		time.Sleep(d)
		if r.Method == http.MethodPost {
			<-hang
		}
	})
}

var noRoom = server.WithWaitingRoom(0, 0)

// warm makes the admission know how long its handler takes.
func warm(h http.Handler) {
	for range 32 {
		ask(h, "")
	}
}

func wantStatus(t *testing.T, w *httptest.ResponseRecorder, want int) {
	t.Helper()
	if w.Code != want {
		t.Errorf("status %d, want %d", w.Code, want)
	}
}

func TestAdmission_refusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := server.Admission(server.AdmitRate(0.4, 1))(takes(0)) // so slow that nobody waits in its room
		wantStatus(t, ask(h, ""), http.StatusOK)
		w := ask(h, "")
		wantStatus(t, w, http.StatusServiceUnavailable)
		if slot, ticket := slotOf(t, w.Header()); slot != 2500*time.Millisecond || len(ticket) != 22 {
			t.Errorf("slot %v, ticket %q; want 2.5 s and a ticket", slot, ticket)
		}
		for name, want := range map[string]string{
			"Retry-After":        "3", // rounded up
			"Content-Type":       "application/problem+json",
			"Cache-Control":      "no-store",
			"Idempotency-Status": "", // it has no say in that
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		var problem struct {
			Type, Title, Detail string
			Status              int
		}
		if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil {
			t.Fatal(err)
		}
		if problem.Type != server.ProblemType+"busy" || problem.Status != 503 || problem.Title == "" || problem.Detail == "" {
			t.Errorf("problem %+v", problem)
		}
		w = ask(h, "")
		if slot, _ := slotOf(t, w.Header()); slot != 5*time.Second {
			t.Errorf("the next caller's slot is %v, want 5 s: each has its own", slot)
		}
	})
}

// Without a room, those who go by Retry-After come in two seconds rather than in one.
func TestAdmission_retryAfterWithoutARoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := server.Admission(server.AdmitRate(100, 1), noRoom)(takes(0))
		ask(h, "")
		later := 0
		for range 200 {
			w := ask(h, "")
			slot, _ := slotOf(t, w.Header())
			switch more := retryAfter(t, w.Header()) - slot; {
			case more >= time.Second && more < 2*time.Second:
				later++
			case more < 0 || more >= time.Second:
				t.Errorf("slot %v, Retry-After %v", slot, w.Header().Get("Retry-After"))
			}
		}
		if later < 50 || later > 150 {
			t.Errorf("%d of 200 were told to come a second later, want about half", later)
		}
	})
}

// The holder of a seat that comes in time finds the place taken by one who came when
// nobody was there, and goes in next, before those who have been waiting without a seat.
func TestAdmission_holderIsNextAndNoPlaceIdles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var order []string
		h := server.Admission(server.AdmitConcurrency(1), server.WithWaitingRoom(2, time.Second))(http.HandlerFunc(
			func(_ http.ResponseWriter, r *http.Request) {
				mu.Lock()
				order = append(order, r.Header.Get("Name"))
				mu.Unlock()
				time.Sleep(100 * time.Millisecond)
			}))
		warm(h)
		order = nil
		var wg sync.WaitGroup
		come := func(name, ticket string) {
			wg.Go(func() {
				r := httptest.NewRequest(http.MethodGet, "/", nil)
				r.Header.Set("Name", name)
				if ticket != "" {
					r.Header.Set(server.TicketHeader, `"`+ticket+`"`)
				}
				h.ServeHTTP(httptest.NewRecorder(), r)
			})
			synctest.Wait()
		}
		come("first", "")
		come("waiting 1", "")
		come("waiting 2", "")
		slot, ticket := slotOf(t, ask(h, "").Header()) // the room is full
		if slot != 300*time.Millisecond {
			t.Errorf("slot %v, want 300 ms: three are ahead", slot)
		}
		time.Sleep(slot - time.Millisecond) // the last of the three is inside for another ms
		come("newcomer 1", "")
		time.Sleep(time.Millisecond)
		synctest.Wait()
		come("newcomer 2", "")
		come("holder", ticket)
		wg.Wait()
		if want := "first, waiting 1, waiting 2, newcomer 1, holder, newcomer 2"; strings.Join(order, ", ") != want {
			t.Errorf("order %q, want %q", strings.Join(order, ", "), want)
		}
	})
}

// Who hangs up while it waits makes room for another.
func TestAdmission_whoLeavesLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen entries
		h := server.Admission(server.AdmitConcurrency(1), server.WithWaitingRoom(1, time.Second),
			server.WithAdmissionObserver(seen.observer()))(takes(500 * time.Millisecond))
		warm(h)
		var wg sync.WaitGroup
		wg.Go(func() { ask(h, "") })
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil))
		if e := seen.last(t); e.Verdict != server.Left || e.Waited != 100*time.Millisecond {
			t.Errorf("entry %+v, want that it left after 100 ms", e)
		}
		start := time.Now()
		wantStatus(t, ask(h, ""), http.StatusOK) // there is room, and then the place
		if waited := time.Since(start); waited != 900*time.Millisecond {
			t.Errorf("the next was served after %v, want 400 ms of waiting and 500 ms of work", waited)
		}
		wg.Wait()
	})
}

func TestAdmission_panicReleasesThePlace(t *testing.T) {
	h := server.Admission(server.AdmitConcurrency(1), noRoom)(http.HandlerFunc(
		func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	for range 3 {
		func() {
			defer func() {
				if p := recover(); p != http.ErrAbortHandler { //nolint:errorlint // a panic's value
					t.Errorf("panic %v, want that of the handler", p)
				}
			}()
			ask(h, "")
		}()
	}
}

func TestAdmission_handlersShareTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		admit := server.Admission(server.AdmitConcurrency(1), noRoom)
		a, b := admit(takes(time.Second)), admit(takes(time.Second))
		var wg sync.WaitGroup
		wg.Go(func() { wantStatus(t, ask(a, ""), http.StatusOK) })
		synctest.Wait()
		wantStatus(t, ask(b, ""), http.StatusServiceUnavailable)
		wg.Wait()
	})
}

func TestAdmission_misuse(t *testing.T) {
	for name, f := range map[string]func(){
		"no limit":          func() { server.Admission(server.Limit{}) },
		"no places":         func() { server.AdmitConcurrency(0) },
		"no rate":           func() { server.AdmitRate(0, 1) },
		"rate is no number": func() { server.AdmitRate(math.NaN(), 1) },
		"rate is infinite":  func() { server.AdmitRate(math.Inf(1), 1) },
		"no burst":          func() { server.AdmitRate(1, 0) },
		"room without time": func() { server.WithWaitingRoom(1, 0) },
		"time without room": func() { server.WithWaitingRoom(0, 1) },
		"negative room":     func() { server.WithWaitingRoom(-1, -1) },
		"waits for ever":    func() { server.WithWaitingRoom(1, math.MaxInt64) },
		"no grace":          func() { server.WithGrace(0) },
		"endless grace":     func() { server.WithGrace(math.MaxInt64) },
		"no horizon":        func() { server.WithHorizon(time.Millisecond) },
		"endless horizon":   func() { server.WithHorizon(math.MaxInt64) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if p, _ := recover().(string); !strings.HasPrefix(p, "server: ") {
					t.Errorf("panic %q, want one of the package", p)
				}
			}()
			f()
		})
	}
}
