package faults_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/goaroundhq/goaround/transport"
	"github.com/goaroundhq/goaround/transport/faults"
)

// A bad day of the network, the same one in every run of a test.
func ExampleRandom() {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()

	lossy := faults.Random(18,
		faults.Share(0.1, faults.Refuse()),
		faults.Share(0.2, faults.LoseResponse()),
	)
	slow := faults.Random(19, faults.Share(1, faults.Latency(0, time.Millisecond)))
	client := &http.Client{Transport: transport.New(slow(lossy(http.DefaultTransport)))}
	answered := 0
	for range 20 {
		if resp, err := client.Get(server.URL); err == nil {
			resp.Body.Close()
			answered++
		}
	}
	fmt.Println(answered, "calls of 20 have an answer")
	// Output: 20 calls of 20 have an answer
}

// Only orders are disturbed, and the health check is not.
func ExampleOnly() {
	orders := func(req *http.Request) bool { return req.Method == http.MethodPost }
	step := faults.Only(orders, faults.Script(faults.Status(http.StatusTooManyRequests, "Retry-After", "1")))
	client := &http.Client{Transport: step(http.DefaultTransport)}
	resp, err := client.Post("http://shop.example.com/orders", "text/plain", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode, resp.Header.Get("Retry-After"))
	// Output: 429 1
}
