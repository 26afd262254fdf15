package idem_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// questions are what an observer was told of those to the store.
type questions struct {
	mu  sync.Mutex
	all []string
}

func (q *questions) asked(_ context.Context, info idem.AskedInfo) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.all = append(q.all, fmt.Sprint(info.Op, " ", info.Latency, " ", info.Err))
}

// told are the questions once nobody asks any more, some of which have no order.
func (q *questions) told() []string {
	time.Sleep(time.Minute) // of the bubble: claims are handed back later
	q.mu.Lock()
	defer q.mu.Unlock()
	slices.Sort(q.all)
	return q.all
}

// The observer is told of each question, how long it took and what came of it.
func TestGuardTellsOfItsQuestions(t *testing.T) {
	t.Parallel()
	slow := func(context.Context, string) error { time.Sleep(time.Millisecond); return nil }
	cut := func(step string) func(context.Context, string) error {
		return on(step, func(context.Context) error { return errCut })
	}
	for name, tt := range map[string]struct {
		before func(context.Context, string) error
		use    func(*testing.T, *idem.Guard)
		want   []string
	}{
		"complete after a renewal": {slow, func(t *testing.T, g *idem.Guard) {
			h := acquire(t, g, testID(t))
			time.Sleep(idem.DefaultLease / 2)
			noError(t, h.Complete(nil, nil, nil))
		}, []string{"claim 1ms <nil>", "complete 1ms <nil>", "extend 1ms <nil>"}},
		"release": {slow, func(t *testing.T, g *idem.Guard) {
			noError(t, acquire(t, g, testID(t)).Release())
		}, []string{"claim 1ms <nil>", "release 1ms <nil>"}},
		"abandon, after a try that failed": {cutOnce("abandon"), func(t *testing.T, g *idem.Guard) {
			noError(t, acquire(t, g, testID(t)).Abandon("x"))
		}, []string{"abandon 0s <nil>", "abandon 0s connection cut", "claim 0s <nil>"}},
		"a claim that fails and is handed back": {cut("claim"), func(t *testing.T, g *idem.Guard) {
			if _, err := g.Claim(t.Context(), testID(t), nil); !errors.Is(err, errCut) {
				t.Errorf("error = %v", err)
			}
		}, []string{"claim 0s connection cut", "release 0s <nil>", "release 0s <nil>"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, q := newRemote(), &questions{}
				s.set(tt.before, nil)
				tt.use(t, idem.NewGuard(s, idem.WithGuardObserver(idem.Observer{Asked: q.asked})))
				if got := q.told(); !slices.Equal(got, tt.want) {
					t.Errorf("told %q, want %q", got, tt.want)
				}
			})
		})
	}
}

// cutOnce fails the first step of the name.
func cutOnce(step string) func(context.Context, string) error {
	var once sync.Once
	return on(step, func(context.Context) (err error) {
		once.Do(func() { err = errCut })
		return err
	})
}

// A store without room is asked again, for the short record.
func TestGuardTellsOfAStoreThatIsFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := &questions{}
		g := idem.NewGuard(idem.NewMemory(idem.WithMaxBytes(1<<16)), idem.WithGuardObserver(idem.Observer{Asked: q.asked}))
		h := acquire(t, g, testID(t))
		if err := h.Complete(nil, make([]byte, 1<<17), []byte("short")); !errors.Is(err, idem.ErrFull) {
			t.Fatalf("error = %v, want ErrFull", err)
		}
		want := []string{"claim 0s <nil>", "complete 0s <nil>", "complete 0s " + idem.ErrFull.Error()}
		if got := q.told(); !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
	})
}

// Whoever waits for another's run is told of with the time and the end of it.
func TestGuardTellsOfWaits(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		wait, runs time.Duration
		want       []string
	}{
		"long enough": {time.Minute, 3 * time.Second, []string{"done 3s"}},
		"too short":   {time.Second, 3 * time.Second, []string{"pending 1s"}},
		"none":        {0, 3 * time.Second, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var got []string
				q := &questions{}
				g := idem.NewGuard(idem.NewMemory(), idem.WithWait(tt.wait), idem.WithGuardObserver(idem.Observer{
					Asked: q.asked,
					Waited: func(_ context.Context, info idem.WaitedInfo) {
						if info.ID != testID(t) {
							t.Errorf("told of the record %x", info.ID)
						}
						got = append(got, fmt.Sprint(info.Result.State, " ", info.Waited))
					},
				}))
				h := acquire(t, g, testID(t))
				time.AfterFunc(tt.runs, func() { _ = h.Complete(nil, nil, nil) })
				if _, err := g.Claim(t.Context(), testID(t), nil); err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("told %q, want %q", got, tt.want)
				}
				if told := fmt.Sprint("wait ", min(tt.wait, tt.runs), " <nil>"); slices.Contains(q.told(), told) != (tt.wait > 0) {
					t.Errorf("told of the questions %q", q.told())
				}
			})
		})
	}
}

// A waiter that is broken is told of; that a wrapper's store has none is no failure of it.
func TestGuardTellsOfABrokenWaiter(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		want bool
	}{
		"broken": {errCut, true},
		"none":   {errors.ErrUnsupported, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				q := &questions{}
				g := idem.NewGuard(waiting{idem.NewMemory(), tt.err}, idem.WithWait(time.Second),
					idem.WithGuardObserver(idem.Observer{Asked: q.asked}))
				h := acquire(t, g, testID(t))
				if r, err := g.Claim(t.Context(), testID(t), nil); err != nil || r.State != idem.Pending {
					t.Fatalf("Claim = %v, %v", r.State, err)
				}
				noError(t, h.Release())
				if got := q.told(); slices.Contains(got, fmt.Sprint("wait 0s ", tt.err)) != tt.want {
					t.Errorf("told %q", got)
				}
			})
		})
	}
}

// waiting is a store with a waiter that fails.
type waiting struct {
	*idem.Memory
	err error
}

func (w waiting) Wait(context.Context, idem.ID) error { return w.err }

// Another operation under the same key is no repetition, and the observer can tell.
func TestGuardTellsOfAKeyThatIsReused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told []string
		g := idem.NewGuard(idem.NewMemory(), idem.WithGuardObserver(idem.Observer{
			Claimed: func(_ context.Context, info idem.ClaimedInfo) {
				told = append(told, fmt.Sprint(info.Result.State, " ", info.Err))
			},
		}))
		claim := func(fingerprint string) idem.ClaimResult {
			r, err := g.Claim(t.Context(), testID(t), []byte(fingerprint))
			noError(t, err) // what it means is for the caller to say
			return r
		}
		h := new(idem.Held)
		g.Hold(t.Context(), claim("a").Claim, "key", h)
		claim("a")
		claim("b")
		noError(t, h.Complete([]byte("a"), nil, nil))
		claim("a")
		claim("b")
		claim("") // of one who has nothing to compare
		reused := " " + idem.ErrKeyReused.Error()
		want := []string{"acquired <nil>", "pending <nil>", "pending" + reused, "done <nil>", "done" + reused, "done <nil>"}
		if !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
	})
}

func TestStoreOpString(t *testing.T) {
	t.Parallel()
	var names []string
	for op := range idem.StoreWait + 2 {
		names = append(names, op.String())
	}
	if got, want := fmt.Sprint(names), "[claim extend complete release abandon wait invalid]"; got != want {
		t.Errorf("names %s, want %s", got, want)
	}
}
