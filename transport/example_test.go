package transport_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// shop is a service that is too busy for the first two requests.
func shop() *httptest.Server {
	n := 0
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n++; n <= 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusCreated)
	}))
}

// Wrap the transport of a client, and its calls are retried; a POST with a key of its own,
// so that the server can tell a retry from a second order.
func ExampleNew() {
	server := shop()
	defer server.Close()
	url, body := server.URL+"/orders", strings.NewReader(`{"item":"book"}`)

	client := &http.Client{
		Transport: transport.New(http.DefaultTransport),
		Timeout:   10 * time.Second,
	}
	resp, err := client.Post(url, "application/json", body)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode)
	// Output: 201
}

// Options set the limits, and an observer sees every attempt.
func ExampleNew_options() {
	server := shop()
	defer server.Close()

	client := &http.Client{Transport: transport.New(nil,
		transport.WithMaxAttempts(5),
		transport.WithBackoff(slot.FullJitter{Base: 10 * time.Millisecond, Max: time.Second}),
		transport.WithMaxRetryAfter(30*time.Second),
		transport.WithObserver(transport.Observer{
			Attempt: func(_ context.Context, a transport.Attempt) {
				fmt.Println("attempt", a.Number, "status", a.Status, "last", a.Last)
			},
		}),
	)}
	resp, err := client.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	// Output:
	// attempt 1 status 503 last false
	// attempt 2 status 503 last false
	// attempt 3 status 201 last true
}

// A key from the context makes calls before and after a restart of the client one
// operation.
func ExampleNew_key() {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Header.Get("Idempotency-Key"))
	}))
	defer server.Close()

	ctx, url, body := context.Background(), server.URL+"/orders", strings.NewReader(`{"item":"book"}`)

	ctx = idem.WithKey(ctx, "order-17")
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, body)
	if err != nil {
		fmt.Println(err)
		return
	}
	client := &http.Client{Transport: transport.New(nil)}
	resp, err := client.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	// Output: "order-17"
}

// Rules of your own come before the default ones.
func ExampleWithClassifier() {
	notReady := func(o transport.Outcome) transport.Verdict {
		if o.Response != nil && o.Response.StatusCode == http.StatusAccepted {
			return transport.Repeat // this service says 202 until the report is there
		}
		return transport.Unsure
	}
	n := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n++; n < 3 {
			w.WriteHeader(http.StatusAccepted)
		}
	}))
	defer server.Close()

	client := &http.Client{Transport: transport.New(nil, transport.WithClassifier(notReady))}
	resp, err := client.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode, "after", n, "attempts")
	// Output: 200 after 3 attempts
}

// Steps compose with any other RoundTripper. Here each attempt is logged below the retries,
// and the key is made above them.
func ExampleChain() {
	server := shop()
	defer server.Close()

	logged := func(next http.RoundTripper) http.RoundTripper {
		return roundTripperFunc(func(req *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(req)
			if err == nil {
				fmt.Println(req.Method, resp.StatusCode)
			}
			return resp, err
		})
	}
	client := &http.Client{Transport: transport.Chain(http.DefaultTransport,
		transport.Keys(), transport.Retry(), logged)}
	resp, err := client.Post(server.URL, "application/json", strings.NewReader("{}"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	// Output:
	// POST 503
	// POST 503
	// POST 201
}

type roundTripperFunc func(*http.Request) (*http.Response, error)

func (f roundTripperFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
