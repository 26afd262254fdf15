package transport_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/goaroundhq/goaround/transport"
	"github.com/goaroundhq/goaround/transport/faults"
)

// The first exchange gets stuck in the network, and the second one has the answer.
func ExampleWithHedging() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "the answer")
	}))
	defer server.Close()

	stuck := faults.Script(faults.Latency(time.Hour, time.Hour))
	client := &http.Client{Transport: transport.New(stuck(http.DefaultTransport),
		transport.WithHedging(transport.HedgeAfter(50*time.Millisecond)), // or HedgeQuantile(0.95), which learns it
		transport.WithStepObserver(transport.StepObserver{
			Hedge: func(_ context.Context, h transport.Hedged) {
				fmt.Println("hedges:", h.Hedges, "winner:", h.Winner)
			},
		}),
	)}
	resp, err := client.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	fmt.Println(string(body), err)
	// Output:
	// hedges: 1 winner: 1
	// the answer <nil>
}

// Writes that nobody else may overtake are left out.
func ExampleWithHedgeIf() {
	reads := func(req *http.Request) bool { return req.Method == http.MethodGet }
	client := &http.Client{Transport: transport.New(nil,
		transport.WithHedging(transport.HedgeQuantile(0.95)),
		transport.WithHedgeIf(reads),
	)}
	defer client.CloseIdleConnections()
}
