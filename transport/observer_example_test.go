package transport_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
	"github.com/goaroundhq/goaround/transport/faults"
)

// What calls do is told to an observer; package otel makes metrics of it, and package eventlog
// a log.
func ExampleWithObserver() {
	shop := httptest.NewServer(http.NotFoundHandler())
	defer shop.Close()
	busyOnce := faults.Script(faults.Status(http.StatusServiceUnavailable))
	client := &http.Client{Transport: transport.New(busyOnce(http.DefaultTransport),
		transport.WithBackoff(slot.BackoffFunc(func(int) time.Duration { return time.Millisecond })),
		transport.WithObserver(transport.Observer{
			Attempt: func(_ context.Context, a transport.Attempt) {
				fmt.Println("attempt", a.Number, a.Status, a.Verdict, "waits", a.Delay, "last", a.Last)
			},
			Call: func(_ context.Context, c transport.Call) {
				fmt.Println("call", c.Attempts, c.Status)
			},
		}))}
	resp, err := client.Get(shop.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	// Output:
	// attempt 1 503 repeat waits 1ms last false
	// attempt 2 404 final waits 0s last true
	// call 2 404
}

// Callers of one target take turns, and newcomers wait behind those who came before them. One
// queue is for all chains of a process; with slot.WithStore it is for a fleet.
func ExampleWithSlots() {
	shop := httptest.NewServer(http.NotFoundHandler())
	defer shop.Close()
	queue := slot.NewQueue()
	away := faults.Script(faults.Refuse(), faults.Refuse())
	client := &http.Client{
		Transport: transport.New(away(http.DefaultTransport),
			transport.WithSlots(queue), transport.WithGatedFirst(), transport.WithMaxAttempts(10)),
		Timeout: 30 * time.Second,
	}
	resp, err := client.Get(shop.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode)
	// Output: 404
}
