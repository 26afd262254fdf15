package transport_test

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/transport"
)

// affords spends until nothing is left, and returns how often that worked.
func affords(t *testing.T, b *transport.Budget, target string, cost float64) (n int) {
	t.Helper()
	for b.Spend(target, cost) {
		if n++; n > 1e6 {
			t.Fatal("no end")
		}
	}
	return n
}

func TestBudget(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		opts  []transport.BudgetOption
		calls int
		cost  float64
		want  int
	}{
		{"the floor", nil, 0, transport.FailureCost, 100},
		{"the share, and the floor", nil, 1000, transport.FailureCost, 300},
		{"rejections cost less", nil, 1000, transport.RejectionCost, 600},
		{"no floor", []transport.BudgetOption{transport.WithBudgetFloor(0)}, 10, transport.FailureCost, 2},
		{"no floor, no calls", []transport.BudgetOption{transport.WithBudgetFloor(0)}, 4, transport.FailureCost, 0},
		{"no share", []transport.BudgetOption{transport.WithBudgetShare(0)}, 1000, transport.FailureCost, 100},
		{"nothing", []transport.BudgetOption{transport.WithBudgetShare(0), transport.WithBudgetFloor(0)}, 1000, transport.FailureCost, 0},
		{"another window", []transport.BudgetOption{transport.WithBudgetWindow(time.Second)}, 100, transport.FailureCost, 30},
		{"a window shorter than the clock", []transport.BudgetOption{transport.WithBudgetWindow(1), transport.WithBudgetFloor(1e9)}, 0, transport.FailureCost, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := transport.NewBudget(tt.opts...)
				for range tt.calls {
					b.Call("api")
				}
				if got := affords(t, b, "api", tt.cost); got != tt.want {
					t.Errorf("%d retries, want %d", got, tt.want)
				}
				state := b.State("api")
				if state.Calls != tt.calls || state.Retries != tt.want || state.Refused != 1 || state.Left >= tt.cost {
					t.Errorf("state %+v", state)
				}
			})
		})
	}
}

// What is spent comes back as the window passes, and so does the credit of calls.
func TestBudgetWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := transport.NewBudget()
		for range 500 {
			b.Call("api")
		}
		if got := affords(t, b, "api", 1); got != 200 {
			t.Fatalf("%d retries, want 100 of the floor and 100 for the calls", got)
		}
		time.Sleep(9 * time.Second)
		if b.Spend("api", 1) {
			t.Error("a retry before the window has passed")
		}
		time.Sleep(time.Second)
		if got := affords(t, b, "api", 1); got != 100 {
			t.Errorf("%d retries after the window, want 100 of the floor", got)
		}
		time.Sleep(time.Hour)
		if state := b.State("api"); state != (transport.BudgetState{Left: 100}) {
			t.Errorf("an hour later: %+v", state)
		}
	})
}

// Calls of an old burst, which nobody looked at the clock for, are no credit for ever.
func TestBudgetForgetsCallsOfLongAgo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := transport.NewBudget(transport.WithBudgetFloor(0))
		for range 100_000 {
			b.Call("api")
		}
		time.Sleep(time.Minute)
		if got := affords(t, b, "api", 1); got > 12 { // a fifth of the last 63
			t.Errorf("%d retries for calls of a minute ago", got)
		}
	})
}

func TestBudgetIsPerTarget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := transport.NewBudget()
		affords(t, b, "down", 1)
		if got := affords(t, b, "up", 1); got != 100 {
			t.Errorf("%d retries, want 100", got)
		}
	})
}

// A thousand targets have accounts of their own; more share one, until others are idle.
func TestBudgetOfManyTargets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const many = 5000
		b := transport.NewBudget()
		name := func(i int) string { return fmt.Sprintf("host-%d", i) }
		for i := range many {
			b.Call(name(i))
		}
		first := affords(t, b, name(0), 1)
		if first != 100 {
			t.Errorf("the first target has %d retries", first)
		}
		affords(t, b, name(many-1), 1)
		if b.Spend(name(many-2), 1) {
			t.Error("the last two have an account each")
		}
		time.Sleep(time.Minute)
		for _, i := range []int{many - 1, many - 2} {
			if got := affords(t, b, name(i), 1); got != 100 {
				t.Errorf("target %d has %d retries after the others were idle", i, got)
			}
		}
	})
}

func TestNilBudgetAllowsAll(t *testing.T) {
	t.Parallel()
	var b *transport.Budget
	b.Call("api")
	if !b.Spend("api", 1e9) || b.State("api") != (transport.BudgetState{}) {
		t.Error("a nil budget refuses, or knows something")
	}
}

// A budget may be older than the clock: a client of a package's variable in a test with a
// clock of its own.
func TestBudgetBeforeItsStart(t *testing.T) {
	t.Parallel()
	b := transport.NewBudget()
	synctest.Test(t, func(t *testing.T) {
		b.Call("api")
		if got := affords(t, b, "api", 1); got != 100 {
			t.Errorf("%d retries", got)
		}
	})
}

// Whatever happens at once, no more is spent than there is.
func TestBudgetConcurrently(t *testing.T) {
	t.Parallel()
	b := transport.NewBudget(transport.WithBudgetWindow(time.Hour), transport.WithBudgetFloor(0))
	const callers, each = 8, 5000
	var spent atomic.Int64
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for range each {
				b.Call("api")
				if b.Spend("api", 1) {
					spent.Add(1)
				}
			}
		})
	}
	wg.Wait()
	spent.Add(int64(affords(t, b, "api", 1)))
	if got, want := spent.Load(), int64(callers*each/5); got != want {
		t.Errorf("%d retries for %d calls, want %d", got, callers*each, want)
	}
}

func TestBudgetAllocatesNothing(t *testing.T) {
	b := transport.NewBudget()
	b.Call("api")
	if n := testing.AllocsPerRun(1000, func() {
		b.Call("api")
		b.Spend("api", transport.FailureCost)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestBudgetOptionsRefuseNonsense(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]func(){
		"transport: WithBudgetShare(-1): must not be negative":  func() { transport.WithBudgetShare(-1) },
		"transport: WithBudgetFloor(-1): must not be negative":  func() { transport.WithBudgetFloor(-1) },
		"transport: WithBudgetShare(NaN): must not be negative": func() { transport.WithBudgetShare(math.NaN()) },
		"transport: WithBudgetFloor(NaN): must not be negative": func() { transport.WithBudgetFloor(math.NaN()) },
		"transport: WithBudgetShare(+Inf): must be finite; WithBudget(nil) is no bound": func() {
			transport.WithBudgetShare(math.Inf(1))
		},
		"transport: Budget.Spend(-2): must not be negative": func() { transport.NewBudget().Spend("api", -2) },
		"transport: WithBudgetWindow(0s): must be positive": func() { transport.WithBudgetWindow(0) },
	} {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("recovered %v, want %q", got, want)
				}
			}()
			f()
		}()
	}
}
