package transport_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// unavailable is a server that always refuses, and counts.
func unavailable(n *int) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		*n++
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
}

// Retries are bounded by a budget, which can be looked at. This one allows a retry a second,
// or two after refusals, which cost half; those of its whole window, a minute, may be used at once.
func ExampleBudget() {
	n := 0
	server := unavailable(&n)
	defer server.Close()

	budget := transport.NewBudget(transport.WithBudgetShare(0), transport.WithBudgetFloor(1), transport.WithBudgetWindow(time.Minute))
	client := &http.Client{Transport: transport.New(nil,
		transport.WithBudget(budget),
		transport.WithMaxAttempts(1000),
		transport.WithBackoff(slot.FullJitter{Base: 1, Max: 1}),
		transport.WithTarget(func(*http.Request) string { return "orders" }),
	)}
	resp, err := client.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = resp.Body.Close()
	fmt.Println(resp.Status, "after", n, "attempts")
	fmt.Println(budget.State("orders").Refused, "refused")
	// Output:
	// 503 Service Unavailable after 121 attempts
	// 1 refused
}

// An attempt that hangs is given up and made again, within the time of the whole call.
func ExampleWithAttemptTimeout() {
	var n atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 1 {
			<-r.Context().Done() // nobody answers
			return
		}
		fmt.Fprint(w, "done")
	}))
	defer server.Close()

	client := &http.Client{Transport: transport.New(nil,
		transport.WithAttemptTimeout(time.Second),
		transport.WithTimeout(time.Minute),
		transport.WithObserver(transport.Observer{Attempt: func(_ context.Context, a transport.Attempt) {
			if errors.Is(a.Err, transport.ErrAttemptTimeout) {
				fmt.Println("attempt", a.Number, "took too long")
			}
		}}),
	)}
	resp, err := client.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = resp.Body.Close()
	fmt.Println(resp.Status)
	// Output:
	// attempt 1 took too long
	// 200 OK
}

// Rules of your own come before the default ones.
func ExampleOnStatus() {
	n := 0
	server := unavailable(&n)
	defer server.Close()

	client := &http.Client{Transport: transport.New(nil, transport.WithClassifier(
		transport.OnStatus(transport.Repeat, 520, 522), // of a proxy that we know
		transport.OnStatus(transport.Final, 503),
	))}
	resp, err := client.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = resp.Body.Close()
	fmt.Println(resp.Status, "after", n, "attempt")
	// Output:
	// 503 Service Unavailable after 1 attempt
}

// An error tells what became of each attempt.
func ExampleError() {
	n := 0
	server := unavailable(&n)
	server.Close() // nobody listens

	client := &http.Client{Transport: transport.New(nil,
		transport.WithMaxAttempts(2), transport.WithBackoff(slot.FullJitter{Base: 1, Max: 1}))}
	resp, err := client.Get(server.URL)
	if err == nil {
		_ = resp.Body.Close()
	}
	var e *transport.Error
	if errors.As(err, &e) {
		fmt.Println(e.Attempts, "attempts:", e.Stop)
		for _, a := range e.History {
			fmt.Println("attempt", a.Number, "was", a.Verdict)
		}
	}
	// Output:
	// 2 attempts: slot: no attempts left
	// attempt 1 was unprocessed
	// attempt 2 was unprocessed
}
