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

// Targets beyond those that have an account are told of as one, while there is anything to tell.
func TestBudgetTellsOfTheSharedAccount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const accounts = 1024
		b := transport.NewBudget(transport.WithBudgetWindow(time.Second), transport.WithBudgetShare(0), transport.WithBudgetFloor(1))
		for i := range accounts {
			b.Call(fmt.Sprint(i))
		}
		if all := maps.Collect(b.All()); len(all) != accounts {
			t.Errorf("%d targets, want %d", len(all), accounts)
		}
		for _, target := range []string{"late", "later"} {
			b.Spend(target, transport.FailureCost)
		}
		shared := maps.Collect(b.All())[""]
		if want := (transport.BudgetState{Retries: 1, Refused: 1}); shared != want {
			t.Errorf("%+v, want %+v", shared, want)
		}
		time.Sleep(2 * time.Second)
		for target, state := range b.All() {
			if target == "" {
				t.Errorf("%+v is told of an account that is not used any more", state)
			}
		}
	})
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
