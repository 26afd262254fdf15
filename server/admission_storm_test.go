package server_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/server"
)

// storm is a random crowd before one admission: some obey, some know only Retry-After,
// some come too late or too early, show a ticket twice, make tickets up, or leave.
type storm struct {
	h       http.Handler
	work    time.Duration
	inside  atomic.Int64
	present atomic.Int64 // inside, or waiting for it

	mu       sync.Mutex
	admitted []time.Time
	claims   map[string]int // by ticket
	pushed   int            // holders who came in time and were refused
	ended    int
}

// shown is the context's key for the ticket of a request.
type shown struct{}

func newStorm(limit server.Limit, work time.Duration, opts ...server.AdmissionOption) *storm {
	s := &storm{work: work, claims: make(map[string]int)}
	opts = append(opts, server.WithAdmissionObserver(server.AdmissionObserver{Decided: s.decided}))
	s.h = server.Admission(limit, opts...)(s)
	return s
}

func (s *storm) decided(ctx context.Context, e server.Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.Verdict == server.Admitted {
		s.admitted = append(s.admitted, time.Now())
	}
	if !e.Claimed {
		return
	}
	switch e.Verdict {
	case server.Admitted:
		ticket, _ := ctx.Value(shown{}).(string)
		s.claims[ticket]++
	case server.Refused:
		if ctx.Err() == nil { // it had the time to wait
			s.pushed++
		}
	}
}

func (s *storm) ServeHTTP(http.ResponseWriter, *http.Request) {
	s.inside.Add(1)
	defer s.inside.Add(-1)
	time.Sleep(s.work)
}

func (s *storm) ask(ctx context.Context, ticket string) *httptest.ResponseRecorder {
	s.present.Add(1)
	defer s.present.Add(-1)
	r := httptest.NewRequestWithContext(context.WithValue(ctx, shown{}, ticket), http.MethodGet, "/", nil)
	if ticket != "" {
		r.Header.Set(server.TicketHeader, strconv.Quote(ticket))
	}
	w := httptest.NewRecorder()
	s.h.ServeHTTP(w, r)
	return w
}

// caller makes one call in its own way.
func (s *storm) caller(t *testing.T, rng *rand.Rand) {
	manner := rng.IntN(8)
	ctx, ticket := t.Context(), ""
	if manner == 0 {
		ticket = fmt.Sprintf("made-up-ticket-%07d", rng.IntN(1e7))
	}
	for range 40 {
		if manner == 1 { // impatient
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(t.Context(), time.Duration(rng.Int64N(int64(300*time.Millisecond))))
			defer cancel()
		}
		w := s.ask(ctx, ticket)
		if w.Code == http.StatusOK || ctx.Err() != nil {
			return
		}
		var slot time.Duration
		slot, ticket = slotOf(t, w.Header())
		late := time.Duration(rng.Int64N(int64(100 * time.Millisecond)))
		switch manner {
		case 2: // knows only Retry-After
			slot, ticket = retryAfter(t, w.Header()), ""
		case 3:
			late = time.Duration(rng.Int64N(int64(5 * time.Second)))
		case 4: // early
			slot /= 2
		case 5: // shows its ticket twice
			go func(after time.Duration, ticket string) {
				time.Sleep(after)
				s.ask(t.Context(), ticket)
			}(slot+late, ticket)
		}
		time.Sleep(slot + late)
	}
}

// run lets callers come for three seconds, and checks between all that happens.
func (s *storm) run(t *testing.T, seed uint64, callers int, check func()) {
	for i := range callers {
		own := rand.New(rand.NewPCG(seed, uint64(i)+1))
		go func() {
			time.Sleep(time.Duration(own.Int64N(int64(3 * time.Second))))
			s.caller(t, own)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.ended++
		}()
	}
	for range 3600 * 100 {
		synctest.Wait()
		check()
		s.mu.Lock()
		ended := s.ended == callers
		s.mu.Unlock()
		if ended && s.present.Load() == 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(time.Minute) // tickets that are shown twice
	if n := s.present.Load(); n != 0 || s.ended != callers {
		t.Fatalf("%d of %d calls ended, %d requests are still there", s.ended, callers, n)
	}
	for ticket, n := range s.claims {
		if n > 1 || ticket == "" {
			t.Errorf("ticket %q admitted %d times", ticket, n)
		}
	}
	if len(s.claims) == 0 {
		t.Error("nobody claimed a seat: the storm shows nothing")
	}
}

func TestAdmission_stormOnPlaces(t *testing.T) {
	for seed := range uint64(10) {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 7))
			places := 1 + rng.IntN(8)
			opts := []server.AdmissionOption{noRoom}
			if rng.IntN(2) == 0 {
				opts = []server.AdmissionOption{server.WithWaitingRoom(1+rng.IntN(20), time.Duration(1+rng.IntN(1000))*time.Millisecond)}
			}
			perSecond := 5 + rng.IntN(100)
			work := time.Second * time.Duration(places) / time.Duration(perSecond)
			s := newStorm(server.AdmitConcurrency(places), work, opts...)
			s.run(t, seed, 6*perSecond, func() {
				inside, present := int(s.inside.Load()), int(s.present.Load())
				if inside > places {
					t.Fatalf("seed %d: %d inside, at most %d may", seed, inside, places)
				}
				if present > inside && inside < places {
					t.Fatalf("seed %d: %d inside of %d, while %d wait", seed, inside, places, present-inside)
				}
			})
		})
	}
}

func TestAdmission_stormOnARate(t *testing.T) {
	for seed := range uint64(10) {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 7))
			perSecond, burst := 5+rng.IntN(100), 1+rng.IntN(10)
			interval := time.Second / time.Duration(perSecond)
			opts := []server.AdmissionOption{noRoom}
			if rng.IntN(2) == 0 {
				opts = nil
			}
			s := newStorm(server.AdmitRate(float64(perSecond), burst), time.Millisecond, opts...)
			s.run(t, seed, 6*perSecond, func() {
				if s.present.Load() == s.inside.Load() {
					return
				}
				s.mu.Lock()
				defer s.mu.Unlock()
				if idle := time.Since(s.admitted[len(s.admitted)-1]); idle > interval {
					t.Fatalf("seed %d: somebody waits, and nobody was let in for %v", seed, idle)
				}
			})
			for i, first := range s.admitted {
				for n, last := range s.admitted[i:] {
					if earned := float64(last.Sub(first))/float64(interval) + float64(burst); float64(n+1) > earned+0.01 {
						t.Fatalf("seed %d: %d let in within %v, at most %.2f may", seed, n+1, last.Sub(first), earned)
					}
				}
			}
			if s.pushed > 0 { // the pace is known, so whoever comes in time gets in
				t.Errorf("seed %d: %d who came in time were refused", seed, s.pushed)
			}
		})
	}
}

// The book promises no more than is let in, and no gap.
func TestAdmission_bookPromisesEachInstantOnce(t *testing.T) {
	const horizon = 20 * time.Second
	for seed := range uint64(10) {
		rng := rand.New(rand.NewPCG(seed, 3))
		interval := time.Duration(50+rng.IntN(200)) * time.Millisecond
		b := server.NewBook(horizon)
		var now time.Duration
		given := make(map[int]time.Duration)
		for i := range 2000 {
			if rng.IntN(4) == 0 {
				now += time.Duration(rng.Int64N(int64(4 * interval)))
			}
			end := now + horizon
			at, ok := b.Promise(now, now+interval, end, interval, 0)
			if ok && (at < now+interval || at >= end) {
				t.Fatalf("seed %d: promised %v at %v", seed, at, now)
			}
			if ok {
				given[i] = at
			}
			ahead := 0
			for n, at := range given {
				switch {
				case at < now:
					delete(given, n)
				case rng.IntN(500) == 0:
					b.Cancel(at)
					delete(given, n)
				default:
					ahead++
				}
			}
			most := int(horizon/interval) + 3 // and the parts of a promise at both ends of the first bucket
			if ahead > most {
				t.Fatalf("seed %d: %d promises in %v, one in %v makes %d", seed, ahead, horizon, interval, most)
			}
			if !ok && ahead < most*3/4 {
				t.Fatalf("seed %d: no more promises after %d of %d", seed, ahead, most)
			}
		}
	}
}
