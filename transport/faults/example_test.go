package faults_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
	"github.com/goaroundhq/goaround/transport/faults"
)

// A server books an order, its response gets lost, and the client comes back with the same
// key.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println("order", r.Header.Get("Idempotency-Key"))
	}))
	defer server.Close()

	step := faults.Script(faults.LoseResponse(), faults.Status(http.StatusServiceUnavailable))
	client := &http.Client{Transport: transport.New(step(http.DefaultTransport), transport.WithBackoff(slot.FullJitter{Base: 1}))}
	req, err := http.NewRequest(http.MethodPost, server.URL, strings.NewReader("book"))
	if err != nil {
		fmt.Println(err)
		return
	}
	req.Header.Set("Idempotency-Key", `"order-17"`)
	resp, err := client.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode)
	// Output:
	// order "order-17"
	// order "order-17"
	// 200
}

// A fault of your own: a server that speaks of another place.
func ExampleFault() {
	moved := func(req *http.Request, next http.RoundTripper, r *rand.Rand) (*http.Response, error) {
		return faults.Status(http.StatusFound, "Location", "/elsewhere")(req, next, r)
	}
	rt := faults.Script(moved)(http.DefaultTransport)
	resp, err := rt.RoundTrip(httptest.NewRequest(http.MethodGet, "http://shop.example.com/", nil))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status, resp.Header.Get("Location"))
	// Output: 302 Found /elsewhere
}
