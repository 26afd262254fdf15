package idem_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

type receipt struct {
	Number int    `json:"number"`
	Text   string `json:"text"`
}

func operation(t *testing.T) idem.Operation {
	t.Helper()
	return idem.Operation{Name: t.Name(), Scope: idem.SharedScope, Key: "order-17"}
}

// answer makes an operation that returns what it is given, and counts its runs.
func answer(runs *int, err error) func(context.Context) (receipt, error) {
	return func(context.Context) (receipt, error) {
		*runs++
		return receipt{*runs, "thanks"}, err
	}
}

func TestDo(t *testing.T) {
	t.Parallel()
	errDeclined := errors.New("card declined")
	for _, tt := range []struct {
		name      string
		guarantee idem.Guarantee
		err       error // of the operation
		again     error // of the second call; nil for the value
		runs      int   // after both
	}{
		{"success is remembered", idem.AtMostOnce, nil, nil, 1},
		{"an error leaves the outcome unknown", idem.AtMostOnce, errDeclined, idem.ErrUnknown, 1},
		{"an error may be repeated", idem.AtLeastOnce, errDeclined, errDeclined, 2},
		{"nothing happened", idem.AtMostOnce, idem.NothingHappened(errDeclined), errDeclined, 2},
		{"wrapped nothing happened", idem.AtMostOnce, fmt.Errorf("charge: %w", idem.NothingHappened(errDeclined)), errDeclined, 2},
		{"a final error is a result", idem.AtMostOnce, idem.Final(errDeclined), &idem.FinalError{}, 1},
		{"a final error is a result there too", idem.AtLeastOnce, idem.Final(errDeclined), &idem.FinalError{}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := idem.NewGuard(idem.NewMemory(), idem.WithGuarantee(tt.guarantee))
			runs := 0
			value, err := idem.Do(t.Context(), g, operation(t), answer(&runs, tt.err))
			if (err == nil) != (tt.err == nil) || (err != nil && (!errors.Is(err, errDeclined) || err.Error() != tt.err.Error())) || value.Number != 1 {
				t.Fatalf("first = %v, %v", value, err)
			}
			value, err = idem.Do(t.Context(), g, operation(t), answer(&runs, tt.err))
			var final *idem.FinalError
			switch {
			case tt.again == nil:
				if err != nil || value != (receipt{1, "thanks"}) {
					t.Errorf("again = %v, %v", value, err)
				}
			case errors.As(tt.again, &final):
				if !errors.As(err, &final) || final.Text != "card declined" || final.Unwrap() != nil {
					t.Errorf("again = %v, want the final error's text", err)
				}
			case !errors.Is(err, tt.again):
				t.Errorf("again = %v, want %v", err, tt.again)
			}
			if runs != tt.runs {
				t.Errorf("ran %d times, want %d", runs, tt.runs)
			}
		})
	}
}

func TestDoErrorsKeepTheirCause(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	if !errors.Is(idem.NothingHappened(cause), cause) || !errors.Is(idem.Final(cause), cause) {
		t.Error("the cause is gone")
	}
	if idem.NothingHappened(nil) != nil || idem.Final(nil) != nil {
		t.Error("no error became one")
	}
	if got := idem.NothingHappened(cause).Error(); got != "cause" {
		t.Errorf("text = %q", got)
	}
}

func TestDoOneOfManyRuns(t *testing.T) {
	t.Parallel()
	for _, wait := range []time.Duration{0, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			g := idem.NewGuard(idem.NewMemory(), idem.WithWait(wait))
			var runs, values, busy atomic.Int32
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() {
					v, err := idem.Do(t.Context(), g, operation(t), func(context.Context) (int32, error) {
						time.Sleep(time.Second)
						return runs.Add(1), nil
					})
					switch {
					case err == nil && v == 1:
						values.Add(1)
					case errors.Is(err, idem.ErrInProgress):
						busy.Add(1)
					default:
						t.Errorf("Do = %v, %v", v, err)
					}
				})
			}
			wg.Wait()
			want := int32(1)
			if wait > 0 {
				want = 50
			}
			if runs.Load() != 1 || values.Load() != want || busy.Load() != 50-want {
				t.Errorf("wait %v: %d runs, %d values, %d in progress", wait, runs.Load(), values.Load(), busy.Load())
			}
			time.Sleep(time.Minute)
		})
	}
}

func TestDoPanicAndGoexitLeaveItUnknown(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(){
		"panic":          func() { panic("boom") },
		"runtime.Goexit": runtime.Goexit,
	} {
		g := idem.NewGuard(idem.NewMemory())
		done := make(chan any)
		go func() {
			defer func() { done <- recover() }()
			_, _ = idem.Do(t.Context(), g, operation(t), func(context.Context) (int, error) {
				leave()
				return 0, nil
			})
		}()
		if r := <-done; (name == "panic") != (r == "boom") {
			t.Errorf("%s: recovered %v", name, r)
		}
		_, err := idem.Do(t.Context(), g, operation(t), func(context.Context) (int, error) { return 1, nil })
		if !errors.Is(err, idem.ErrUnknown) {
			t.Errorf("%s: again = %v, want ErrUnknown", name, err)
		}
	}
}

func TestDoDoesNotRunWhenTheStoreFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newRemote()
		s.set(on("claim", func(context.Context) error { return errCut }), nil)
		_, err := idem.Do(t.Context(), idem.NewGuard(s), operation(t), func(context.Context) (int, error) {
			t.Error("ran without a claim")
			return 0, nil
		})
		if !errors.Is(err, errCut) {
			t.Errorf("error = %v", err)
		}
	})
}

func TestDoTellsItsObserver(t *testing.T) {
	t.Parallel()
	var events []string
	g := idem.NewGuard(idem.NewMemory(), idem.WithGuardObserver(idem.Observer{
		Claimed: func(_ context.Context, info idem.ClaimedInfo) {
			events = append(events, fmt.Sprint("claimed ", info.Result.State, info.Err))
		},
		Ended: func(ctx context.Context, info idem.EndedInfo) {
			a, ok := idem.FromContext(ctx)
			events = append(events, fmt.Sprint("ended ", info.Ending, ok && a.ID == info.Claim.ID, info.Err))
		},
	}))
	runs := 0
	for range 2 {
		_, err := idem.Do(t.Context(), g, operation(t), answer(&runs, nil))
		noError(t, err)
	}
	want := "[claimed acquired <nil> ended completed true <nil> claimed done <nil>]"
	if got := fmt.Sprint(events); got != want {
		t.Errorf("events %s, want %s", got, want)
	}
}
