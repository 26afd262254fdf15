package retryable_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
	"github.com/goaroundhq/goaround/transport/retryable"
)

// shop is a service that is too busy for the first two requests.
func shop() *httptest.Server {
	var n atomic.Int32
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) <= 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusCreated)
	}))
}

// quick is a client as many programs have one.
func quick() *retryablehttp.Client {
	rc := retryablehttp.NewClient()
	rc.RetryMax = 3
	rc.RetryWaitMin, rc.RetryWaitMax = 10*time.Millisecond, 100*time.Millisecond
	rc.Logger = nil
	return rc
}

// The first step: the client stays, its calls get a key, and a step sees each attempt.
func ExampleStandard() {
	server := shop()
	defer server.Close()

	logged := func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(req)
			if err == nil {
				fmt.Println(resp.StatusCode, "with a key:", req.Header.Get("Idempotency-Key") != "")
			}
			return resp, err
		})
	}
	client := retryable.Standard(retryable.Under(quick(), logged))
	resp, err := client.Post(server.URL, "application/json", strings.NewReader("{}"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	// Output:
	// 503 with a key: true
	// 503 with a key: true
	// 201 with a key: true
}

// The second step: another engine, and all that was tuned stays.
func ExampleFromClient() {
	server := shop()
	defer server.Close()

	rc := quick()
	rc.RequestLogHook = func(_ retryablehttp.Logger, req *http.Request, n int) {
		fmt.Println(req.Method, "retry", n)
	}
	client, err := retryable.FromClient(rc)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := client.Post(server.URL, "application/json", strings.NewReader("{}"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode)
	// Output:
	// POST retry 0
	// POST retry 1
	// POST retry 2
	// 201
}

// The third step: defaults for the callbacks that were made for the old engine, and options
// for what it did not have.
func ExampleFromClient_defaults() {
	server := shop()
	defer server.Close()

	rc := quick()
	rc.CheckRetry, rc.Backoff, rc.Logger = nil, nil, nil
	client, err := retryable.FromClient(rc,
		transport.WithMaxRetryAfter(30*time.Second),
		transport.WithMinAttempt(50*time.Millisecond),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := client.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode)
	// Output: 201
}

// The last step: no client but one callback.
func ExamplePolicy() {
	server := shop()
	defer server.Close()

	client := &http.Client{Transport: transport.New(nil,
		transport.WithMaxAttempts(4),
		transport.WithBackoff(slot.FullJitter{Base: 10 * time.Millisecond, Max: 100 * time.Millisecond}),
		transport.WithClassifier(retryable.Policy(retryablehttp.DefaultRetryPolicy)),
	)}
	resp, err := client.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode)
	// Output: 201
}

// Callbacks that watch or change a call, around a chain of one's own options.
func ExampleHooks_New() {
	server := shop()
	defer server.Close()

	hooks := retryable.Hooks{
		PrepareRetry: func(req *http.Request) error {
			req.Header.Set("X-Signature", "made anew")
			return nil
		},
		ErrorHandler: func(resp *http.Response, err error, attempts int) (*http.Response, error) {
			if err != nil {
				return nil, err
			}
			defer resp.Body.Close()
			return nil, fmt.Errorf("%s after %d attempts", resp.Status, attempts)
		},
	}
	client := &http.Client{Transport: hooks.New(nil,
		transport.WithMaxAttempts(2),
		transport.WithBackoff(retryable.Backoff(retryablehttp.LinearJitterBackoff, time.Millisecond, 10*time.Millisecond)),
	)}
	_, err := client.Get(server.URL)
	fmt.Println(strings.TrimPrefix(err.Error(), `Get "`+server.URL+`": `))
	// Output: 503 Service Unavailable after 2 attempts
}

// Callers of a client that has to stay take turns.
func ExampleAsBackoff() {
	server := shop()
	defer server.Close()

	queue := slot.NewQueue()
	defer queue.Close()
	rc := quick()
	rc.Backoff = retryable.AsBackoff(&slot.Plan{Pacer: queue})
	client := retryable.Standard(retryable.Under(rc, retryable.Reports(queue)))
	resp, err := client.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode)
	// Output: 201
}

// The logger of the old client hears of failures and waits.
func ExampleLog() {
	logger := log.New(os.Stdout, "", 0)
	client := &http.Client{Transport: transport.New(
		roundTripper(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }),
		transport.WithObserver(retryable.Log(logger)),
		transport.WithMaxAttempts(1),
	)}
	if _, err := client.Get("http://shop.example.com/orders"); err == nil {
		fmt.Println("no error")
	}
	// Output: [ERR] http://shop.example.com:80: attempt 1 failed: unexpected EOF
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
