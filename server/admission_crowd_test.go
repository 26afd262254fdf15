package server_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/server"
)

// During an outage of 10 s every request fails after 2 s. That pace is not promised to
// those who wait for better times.
func TestAdmission_herdAfterASlowOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const outage = 10 * time.Second
		start := time.Now()
		h := server.Admission(server.AdmitConcurrency(10))(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if time.Since(start) < outage {
				time.Sleep(2 * time.Second)
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			time.Sleep(100 * time.Millisecond)
		}))
		var wg sync.WaitGroup
		for i := range 1000 {
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(1, uint64(i)))
				time.Sleep(time.Duration(rng.Int64N(int64(outage))))
				c := caller{obey: true}
				c.call(t, h, rng)
			})
		}
		wg.Wait()
		if took := time.Since(start) - outage; took > 13*time.Second {
			t.Errorf("drained %v after the outage, want 10 s, or little more", took)
		}
	})
}

// One request that hangs, or that has just ended after minutes, says nothing about the
// pace of the others.
func TestAdmission_herdBesideOneRequestThatHangs(t *testing.T) {
	for _, places := range []int{10, 100} {
		for _, ended := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d places/ended %v", places, ended), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					hang := make(chan struct{})
					var wg sync.WaitGroup
					var start time.Time
					admit := server.Admission(server.AdmitConcurrency(places))
					prepared := func(next http.Handler) http.Handler {
						h := admit(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
							if r.Method == http.MethodPost {
								<-hang
								return
							}
							next.ServeHTTP(w, r)
						}))
						warm(h)
						wg.Go(func() { h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil)) })
						for range 200 { // it is not quiet beside it
							time.Sleep(time.Second)
							ask(h, "")
						}
						if ended {
							close(hang)
							synctest.Wait()
						}
						start = time.Now()
						return h
					}
					herd{callers: 1000, work: time.Duration(places) * 10 * time.Millisecond, within: time.Second, admit: prepared}.run(t, 1)
					if took := time.Since(start); took > 13*time.Second {
						t.Errorf("the herd took %v, want 10 s, or 11 s with a place less", took)
					}
					if !ended {
						close(hang)
					}
					wg.Wait()
				})
			})
		}
	}
}

// Half of a crowd ignores what it is told, and is served first. The other half does not
// pay for it with more than the reach of its slots.
func TestAdmission_herdBesideCallersWhoIgnoreIt(t *testing.T) {
	for name, pause := range map[string]func(rng *rand.Rand, n int) time.Duration{
		"every 100 ms": func(rng *rand.Rand, _ int) time.Duration {
			return 50*time.Millisecond + time.Duration(rng.Int64N(int64(100*time.Millisecond)))
		},
		"full jitter": func(rng *rand.Rand, n int) time.Duration {
			return time.Duration(rng.Int64N(int64(min(100*time.Millisecond<<min(n, 20), 20*time.Second))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := server.Admission(server.AdmitConcurrency(10))(takes(100 * time.Millisecond))
				start := time.Now()
				var wg sync.WaitGroup
				var mu sync.Mutex
				var last time.Duration
				for i := range 1000 {
					wg.Go(func() {
						rng := rand.New(rand.NewPCG(1, uint64(i)))
						time.Sleep(time.Duration(rng.Int64N(int64(time.Second))))
						if i%2 == 0 {
							for n := 1; ask(h, "").Code != http.StatusOK; n++ {
								time.Sleep(pause(rng, n))
							}
							return
						}
						c := caller{obey: true}
						c.call(t, h, rng)
						mu.Lock()
						defer mu.Unlock()
						last = max(last, time.Since(start))
					})
				}
				wg.Wait()
				if last > 18*time.Second {
					t.Errorf("the last of those who obey was served after %v, want 10 s, or 18 s at most", last)
				}
			})
		})
	}
}

// A server has been too busy for a while, and then its handlers become slow: slots
// reach as far as the line has lasted at its pace, and 10 s at first.
func TestAdmission_slotsReachAsFarAsThePaceHasLasted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		work := 100 * time.Millisecond
		dice := rand.New(rand.NewPCG(1, 1))
		var kept atomic.Bool // a seat for the last one
		observer := server.AdmissionObserver{Decided: func(_ context.Context, e server.Entry) { kept.Store(e.Kept) }}
		h := server.Admission(server.AdmitConcurrency(10), noRoom, server.WithAdmissionObserver(observer))(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			mu.Lock()
			took := work/2 + time.Duration(dice.Int64N(int64(work)))
			mu.Unlock()
			time.Sleep(took)
		}))
		var wg sync.WaitGroup
		crowd := func(d time.Duration) {
			for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
				wg.Go(func() { ask(h, "") })
			}
			for range 10 { // all places are taken
				wg.Go(func() { ask(h, "") })
			}
			synctest.Wait()
		}
		farthest := func() (slot time.Duration) {
			for far := 0; far < 100; { // until there are no more seats
				at, _ := slotOf(t, ask(h, "").Header())
				slot = max(slot, at)
				if !kept.Load() {
					far++
				}
			}
			return slot
		}
		for range 2 {
			time.Sleep(2 * time.Minute) // nobody is there
			crowd(2 * time.Second)
			if slot := farthest(); slot < 9*time.Second || slot > 10*time.Second {
				t.Errorf("slots up to %v ahead, want 10 s in a young line", slot)
			}
			crowd(20 * time.Second)
		}
		if slot := farthest(); slot < 15*time.Second || slot > 23*time.Second {
			t.Errorf("slots up to %v ahead after 22 s, want more than in a young line, and no more than that", slot)
		}
		for _, pace := range []time.Duration{2 * time.Second, 100 * time.Millisecond} {
			mu.Lock()
			work = pace
			mu.Unlock()
			crowd(3 * time.Second) // until that is seen
			for range 6 {
				crowd(time.Second)
				if slot := farthest(); slot > 10*time.Second {
					t.Errorf("slots up to %v ahead at a pace that is new, want 10 s", slot)
				}
			}
			crowd(15 * time.Second)
		}
		wg.Wait()
	})
}
