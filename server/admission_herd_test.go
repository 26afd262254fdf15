package server_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dunglas/httpsfv"

	"github.com/goaroundhq/goaround/server"
)

// caller is a client of the herd: it makes one call, and repeats it until it is served.
type caller struct {
	ticket   string
	obey     bool // it understands slots; if not, only Retry-After
	attempts int
}

// slotOf reads a refusal like a client that understands it.
func slotOf(t testing.TB, h http.Header) (time.Duration, string) {
	t.Helper()
	item, err := httpsfv.UnmarshalItem(h.Values(server.SlotHeader))
	if err != nil {
		t.Errorf("%s: %v", server.SlotHeader, err)
		return 0, ""
	}
	ms, ok := item.Value.(int64)
	if !ok || ms < 1 {
		t.Errorf("%s: %v", server.SlotHeader, h.Values(server.SlotHeader))
	}
	ticket, _ := item.Params.Get("t")
	text, _ := ticket.(string)
	return time.Duration(ms) * time.Millisecond, text
}

func retryAfter(t testing.TB, h http.Header) time.Duration {
	t.Helper()
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 1 {
		t.Errorf("Retry-After: %q", h.Get("Retry-After"))
	}
	return time.Duration(seconds) * time.Second
}

// ask sends a request by hand.
func ask(h http.Handler, ticket string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if ticket != "" {
		r.Header.Set(server.TicketHeader, strconv.Quote(ticket))
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func (c *caller) call(t testing.TB, h http.Handler, rng *rand.Rand) {
	for {
		c.attempts++
		oneWay := func() { time.Sleep(10*time.Millisecond + time.Duration(rng.Int64N(int64(20*time.Millisecond)))) }
		oneWay()
		w := ask(h, c.ticket)
		oneWay()
		switch {
		case w.Code == http.StatusOK:
			return
		case c.obey && w.Header().Get(server.SlotHeader) != "":
			var wait time.Duration
			wait, c.ticket = slotOf(t, w.Header())
			time.Sleep(wait)
		default:
			time.Sleep(retryAfter(t, w.Header()))
		}
	}
}

type herd struct {
	callers int
	plain   int           // how many of them know only Retry-After
	work    time.Duration // of the handler, more or less
	within  time.Duration // all of them come within this
	stall   time.Duration // no request ends from 3 s on for so long
	admit   func(http.Handler) http.Handler
}

type drained struct {
	took         time.Duration // from the first call to the last success
	obey, plain  time.Duration // until the last of either was served
	callsPerCall float64
	most         int // calls of one caller
}

func (h herd) run(t testing.TB, seed uint64) drained {
	var mu sync.Mutex
	dice := rand.New(rand.NewPCG(seed, 1))
	work := func() time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return h.work*4/5 + time.Duration(dice.Int64N(int64(h.work*2/5)+1))
	}
	start := time.Now()
	guarded := h.admit(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		time.Sleep(work())
		if at := time.Since(start) - 3*time.Second; at > 0 && at < h.stall {
			time.Sleep(h.stall - at)
		}
	}))
	var d drained
	var wg sync.WaitGroup
	for i := range h.callers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(i)+2))
			time.Sleep(time.Duration(rng.Int64N(int64(h.within) + 1)))
			c := caller{obey: i >= h.plain}
			c.call(t, guarded, rng)
			mu.Lock()
			defer mu.Unlock()
			took := time.Since(start)
			d.took = max(d.took, took)
			if c.obey {
				d.obey = max(d.obey, took)
			} else {
				d.plain = max(d.plain, took)
			}
			d.callsPerCall += float64(c.attempts) / float64(h.callers)
			d.most = max(d.most, c.attempts)
		})
	}
	wg.Wait()
	return d
}

// shapes are limits of about 100 requests in a second, whatever a request takes.
var shapes = []struct {
	name  string
	limit func() server.Limit
	work  time.Duration
}{
	{"10 places of 100 ms", func() server.Limit { return server.AdmitConcurrency(10) }, 100 * time.Millisecond},
	{"1 place of 10 ms", func() server.Limit { return server.AdmitConcurrency(1) }, 10 * time.Millisecond},
	{"100 places of 1 s", func() server.Limit { return server.AdmitConcurrency(100) }, time.Second},
	{"100 in a second", func() server.Limit { return server.AdmitRate(100, 10) }, 100 * time.Millisecond},
}

// A thousand callers come back to a server that was down: 10 s of work. It knows nothing
// yet of how long a request takes.
func TestAdmission_herdThatObeysDrainsAtTheServersPace(t *testing.T) {
	for _, s := range shapes {
		for _, within := range []time.Duration{0, time.Second} {
			t.Run(fmt.Sprintf("%s/within %v", s.name, within), func(t *testing.T) {
				for seed := range uint64(2) {
					synctest.Test(t, func(t *testing.T) {
						d := herd{callers: 1000, work: s.work, within: within, admit: server.Admission(s.limit())}.run(t, seed)
						t.Logf("drained in %.2f of ideal, %.2f calls each, at most %d", d.took.Seconds()/10, d.callsPerCall, d.most)
						if d.took > 11*time.Second+s.work/2 { // the last round of all places may be a part of one
							t.Errorf("the herd took %v, want 10 s, or little more", d.took)
						}
						if d.most > 4 {
							t.Errorf("a caller needed %d calls, want at most 4", d.most)
						}
					})
				}
			})
		}
	}
}

// The handler stands still while the herd is in line. That is not taken for its pace.
func TestAdmission_herdAndAStall(t *testing.T) {
	for _, stall := range []time.Duration{time.Second, 10 * time.Second} {
		for _, places := range []int{2, 20} {
			t.Run(fmt.Sprintf("%v/%d places", stall, places), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h := herd{
						callers: 1000, work: 10 * time.Millisecond * time.Duration(places), within: 10 * time.Second, stall: stall,
						admit: server.Admission(server.AdmitConcurrency(places)),
					}
					d := h.run(t, 1)
					t.Logf("drained in %v, %.2f calls each, at most %d", d.took, d.callsPerCall, d.most)
					// They come at the pace of the server: one stall later all are served, or
					// in another half of it.
					if want := 11*time.Second + stall*3/2; d.took > want {
						t.Errorf("the herd took %v, want at most %v", d.took, want)
					}
				})
			})
		}
	}
}

// Four thousand callers reach beyond what is promised to the first.
func TestAdmission_herdBeyondTheHorizon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := herd{callers: 4000, work: 100 * time.Millisecond, within: time.Second,
			admit: server.Admission(server.AdmitConcurrency(10))}
		d := h.run(t, 1)
		t.Logf("drained in %.2f of ideal, %.2f calls each, at most %d", d.took.Seconds()/40, d.callsPerCall, d.most)
		if d.took > 44*time.Second {
			t.Errorf("the herd took %v, want at most 44 s", d.took)
		}
		if d.callsPerCall > 4 || d.most > 10 {
			t.Errorf("%.2f calls for one that is served, at most %d; want no more than 4, and 10", d.callsPerCall, d.most)
		}
	})
}

// throttle is what there was before: the same limit, a waiting room or none, and always
// the same Retry-After.
func throttle(n, room int) func(http.Handler) http.Handler {
	places, waiting := make(chan struct{}, n), make(chan struct{}, n+room)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case waiting <- struct{}{}:
				defer func() { <-waiting }()
			default:
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			places <- struct{}{}
			defer func() { <-places }()
			next.ServeHTTP(w, r)
		})
	}
}

// Callers that know only Retry-After need fewer calls than with a fixed one, alone or
// beside others that know more. They take longer than they could by a second or two,
// because Retry-After is rounded up, but not longer than with a throttle that has no room.
func TestAdmission_callersWhoKnowOnlyRetryAfterLoseNothing(t *testing.T) {
	run := func(t *testing.T, plain int, within time.Duration, admit func() func(http.Handler) http.Handler) (d drained) {
		synctest.Test(t, func(t *testing.T) {
			d = herd{callers: 1000, plain: plain, work: 100 * time.Millisecond, within: within, admit: admit()}.run(t, 1)
			t.Logf("plain %d: drained in %.2f of ideal, %.2f calls each", plain, d.took.Seconds()/10, d.callsPerCall)
		})
		return d
	}
	for _, within := range []time.Duration{0, time.Second} {
		t.Run(fmt.Sprint("within ", within), func(t *testing.T) {
			bare := run(t, 1000, within, func() func(http.Handler) http.Handler { return throttle(10, 0) })
			roomy := run(t, 1000, within, func() func(http.Handler) http.Handler { return throttle(10, 100) })
			for _, plain := range []int{1000, 500} {
				d := run(t, plain, within, func() func(http.Handler) http.Handler {
					return server.Admission(server.AdmitConcurrency(10))
				})
				if d.callsPerCall > min(bare.callsPerCall, roomy.callsPerCall) {
					t.Errorf("%.2f calls each, %.2f with a throttle", d.callsPerCall, min(bare.callsPerCall, roomy.callsPerCall))
				}
				if d.plain > bare.took || d.plain > 14*time.Second {
					t.Errorf("the last of them was served after %v, with a throttle after %v", d.plain, bare.took)
				}
				if d.obey > 11*time.Second {
					t.Errorf("the last of the others was served after %v, want 11 s", d.obey)
				}
			}
		})
	}
}
