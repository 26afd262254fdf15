package transport_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"

	"github.com/goaroundhq/goaround/slot"
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
		"transport: Budget.Spend(-2): must not be negative":     func() { transport.NewBudget().Spend("api", -2) },
		"transport: WithBudgetWindow(0s): must be positive":     func() { transport.WithBudgetWindow(0) },
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

// retries is a budget for n retries after failures, and no more.
func retries(n float64) *transport.Budget {
	return transport.NewBudget(transport.WithBudgetShare(0), transport.WithBudgetFloor(n), transport.WithBudgetWindow(time.Second))
}

func TestCallsSpendTheBudget(t *testing.T) {
	t.Parallel()
	errBroken := errors.New("broken")
	for _, tt := range []struct {
		name    string
		budget  *transport.Budget
		opts    []transport.Option
		answers []httpmock.Responder
		timeout time.Duration
		body    io.Reader
		left    float64
		sent    int
		err     bool
	}{
		{name: "failures", budget: retries(2), answers: repeat(3, status(500)), sent: 3},
		{name: "rejections cost half", budget: retries(1.5), answers: repeat(4, status(503)), sent: 4},
		{name: "so does coming again", budget: retries(1), answers: repeat(3, status(409, "Idempotency-Status", "in-progress")), sent: 3},
		{name: "errors", budget: retries(1), answers: repeat(2, failure(io.EOF)), sent: 2, err: true},
		{name: "a success after all", budget: retries(2), answers: []httpmock.Responder{status(500), status(200)}, sent: 2, left: 1},
		{name: "nothing is spent on an attempt too many", budget: retries(2), opts: []transport.Option{transport.WithMaxAttempts(2)}, answers: repeat(2, status(500)), sent: 2, left: 1},
		{name: "nor on one that would be too late", budget: retries(2), answers: repeat(1, status(503, "Retry-After", "30")), timeout: time.Second, sent: 1, left: 2},
		{name: "nor on a body that is gone", budget: retries(2), opts: []transport.Option{transport.WithBodyBuffer(1)}, answers: repeat(1, status(503)), body: onlyReader{strings.NewReader("content")}, sent: 1, left: 2},
		{name: "what a pacer gives is free", budget: retries(0), opts: []transport.Option{transport.WithSlots(&pacer{})}, answers: repeat(4, status(503)), sent: 4},
		{name: "a pacer that fails gives nothing", budget: retries(1), opts: []transport.Option{transport.WithSlots(&pacer{err: errBroken})}, answers: repeat(2, status(500)), sent: 2},
		{name: "a seat that the server keeps is free", budget: retries(0), answers: repeat(4, status(503, "Admission-Slot", `100;t="x"`)), timeout: 350 * time.Millisecond, sent: 4},
		{name: "but not for ever", budget: retries(0), answers: repeat(33, status(503, "Admission-Slot", `10;t="x"`)), sent: 33},
		{name: "a slot without a seat is not", budget: retries(0.5), answers: repeat(2, status(503, "Admission-Slot", "10")), sent: 2},
		{name: "what it asks of all is not", budget: retries(0.5), answers: repeat(2, status(503, "Retry-After", "1")), sent: 2},
		{name: "off", opts: []transport.Option{transport.WithMaxAttempts(500)}, answers: repeat(500, status(500)), sent: 500},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tt.budget.Call("api") // so that it starts here
				s := newScript(t, tt.answers...)
				var last transport.Attempt
				opts := append([]transport.Option{
					transport.WithBackoff(noWait), transport.WithTarget(targetAPI), transport.WithBudget(tt.budget),
					transport.WithObserver(transport.Observer{Attempt: func(_ context.Context, a transport.Attempt) { last = a }}),
				}, tt.opts...)
				req := newRequest(t, "PUT", "")
				if tt.body != nil {
					req.Body = io.NopCloser(tt.body)
				}
				if tt.timeout > 0 {
					ctx, cancel := context.WithTimeout(t.Context(), tt.timeout)
					defer cancel()
					req = req.WithContext(ctx)
				}
				code, _, err := roundTrip(t, transport.New(s, opts...), req)
				if len(s.sent) != tt.sent || (err != nil) != tt.err {
					t.Errorf("%d, %v after %d attempts, want %d", code, err, len(s.sent), tt.sent)
				}
				if tt.err && !errors.Is(err, transport.ErrBudget) {
					t.Errorf("%v is not ErrBudget", err)
				}
				if refused := tt.budget.State("api").Refused; (refused > 0) != errors.Is(last.Stop, transport.ErrBudget) {
					t.Errorf("%d refused, and the call ended because of %v", refused, last.Stop)
				}
				if left := tt.budget.State("api").Left; time.Since(s.sent[0].at) < time.Second && left != tt.left {
					t.Errorf("%v left, want %v", left, tt.left)
				}
			})
		})
	}
}

// A herd of a thousand that all fail at once: by themselves they are held back to a share of
// their number; with a pacer, which lets them go one after the other, each gets its attempts.
func TestHerdAndBudget(t *testing.T) {
	t.Parallel()
	const herd = 1000
	for _, tt := range []struct {
		name string
		opts []transport.Option
		want float64 // of the retries
	}{
		{"backoff", []transport.Option{transport.WithBackoff(noWait)}, 100 + 0.2*herd},
		{"slots", []transport.Option{transport.WithSlots(steady{})}, 3 * herd},
		{"no budget", []transport.Option{transport.WithBackoff(noWait), transport.WithBudget(nil)}, 3 * herd},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var sent atomic.Int64
				down := roundTripperFunc(func(*http.Request) (*http.Response, error) {
					sent.Add(1)
					return nil, io.ErrUnexpectedEOF
				})
				rt := transport.New(down, tt.opts...)
				var wg sync.WaitGroup
				for range herd {
					req := newRequest(t, "GET", "")
					wg.Go(func() {
						if resp, err := rt.RoundTrip(req); err == nil {
							_ = resp.Body.Close()
							t.Error("a response")
						}
					})
				}
				wg.Wait()
				if got := float64(sent.Load() - herd); math.Abs(got-tt.want) > 0.05*tt.want {
					t.Errorf("%v retries, want %v", got, tt.want)
				}
			})
		})
	}
}

// steady is a pacer that has a slot in a moment for everybody.
type steady struct{}

func (steady) Reserve(context.Context, string, slot.Feedback) (slot.Reservation, error) {
	return steady{}, nil
}
func (steady) Report(string, slot.Feedback) {}
func (steady) Delay() time.Duration         { return time.Millisecond }
func (steady) Cancel()                      {}

// Chains that share a budget share what it allows.
func TestSharedBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := retries(2)
		for range 2 {
			s := newScript(t, repeat(2, status(500))...)
			rt := transport.New(s, transport.WithBudget(b), transport.WithBackoff(noWait), transport.WithMaxAttempts(2))
			if code, _, err := roundTrip(t, rt, newRequest(t, "GET", "")); code != 500 || len(s.sent) != 2 {
				t.Errorf("%d, %v after %d attempts", code, err, len(s.sent))
			}
		}
		s := newScript(t, status(500))
		_, _, _ = roundTrip(t, transport.New(s, transport.WithBudget(b), transport.WithBackoff(noWait)), newRequest(t, "GET", ""))
	})
}

// One client talks to many hosts, each with an account of its own, however they share what
// the client remembers of them.
func TestOneClientManyHosts(t *testing.T) {
	t.Parallel()
	b := transport.NewBudget(transport.WithBudgetWindow(time.Hour))
	rt := transport.New(roundTripperFunc(stub), transport.WithBudget(b))
	const hosts, calls = 300, 3
	for range calls {
		for i := range hosts {
			for _, scheme := range []string{"http", "https"} {
				req := request(t, "GET", nil)
				req.URL.Scheme, req.URL.Host = scheme, fmt.Sprintf("h%d.example.com", i)
				resp, err := rt.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				_ = resp.Body.Close()
			}
		}
	}
	for i := range hosts {
		for _, target := range []string{fmt.Sprintf("http://h%d.example.com:80", i), fmt.Sprintf("https://h%d.example.com:443", i)} {
			if got := b.State(target).Calls; got != calls {
				t.Errorf("%s: %d calls, want %d", target, got, calls)
			}
		}
	}
}

func TestBudgetTellsOfAllTargets(t *testing.T) {
	t.Parallel()
	b := transport.NewBudget()
	for range b.All() {
		t.Error("a new budget knows a target")
	}
	for range (*transport.Budget)(nil).All() {
		t.Error("a nil budget knows a target")
	}
	b.Call("a")
	b.Spend("b", 1)
	left := map[string]float64{}
	for target, state := range b.All() {
		left[target] = state.Left
	}
	if want := map[string]float64{"a": 100.2, "b": 99}; !maps.Equal(left, want) {
		t.Errorf("left %v, want %v", left, want)
	}
	for range b.All() {
		return // without an end it goes on
	}
	t.Error("no target the second time")
}
