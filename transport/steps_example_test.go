package transport_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/goaroundhq/goaround/transport"
	"github.com/goaroundhq/goaround/transport/faults"
)

// A chain by hand. Steps that share a budget and rules get the same options: Retry counts the calls
// that Hedge spends for.
func ExampleRetry() {
	shop := httptest.NewServer(http.NotFoundHandler())
	defer shop.Close()
	busyOnce := faults.Script(faults.Status(http.StatusServiceUnavailable))

	opts := []transport.Option{transport.WithBudget(transport.NewBudget()), transport.WithMaxAttempts(3)}
	client := &http.Client{Transport: transport.Chain(http.DefaultTransport,
		transport.Keys(opts...),
		transport.Retry(opts...),
		transport.Hedge(opts...),
		busyOnce, // what else sees each exchange
	)}
	resp, err := client.Get(shop.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode)
	// Output: 404
}

// A call is bounded as a whole, and says what bounded it.
func ExampleWithTimeout() {
	stuck := faults.Script(faults.Latency(time.Hour, time.Hour))
	client := &http.Client{Transport: transport.New(stuck(http.DefaultTransport),
		transport.WithTimeout(50*time.Millisecond))}
	resp, err := client.Get("http://shop.example.com/orders/17")
	if err == nil {
		resp.Body.Close()
	}
	fmt.Println(errors.Is(err, transport.ErrTimeout))
	// Output: true
}

// How long a response asks to wait, in whatever form.
func ExampleRetryAfter() {
	resp := &http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{}}
	resp.Header.Set("Date", "Tue, 24 Nov 2026 12:00:00 GMT")
	resp.Header.Set("Retry-After", "Tue, 24 Nov 2026 12:00:30 GMT")
	fmt.Println(transport.RetryAfter(resp, nil))
	// Output: 30s
}
