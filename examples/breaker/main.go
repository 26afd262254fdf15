// Command breaker puts a circuit breaker of a well-kept library into the client's chain.
//
//	go run ./examples/breaker
//	go run ./examples/breaker -failsafe
//
// A server fails, and the breaker opens: calls end at once, without a request and without a
// wait. After a second it lets one request through, finds the server well again, and closes:
//
//	ill: false  requests: 1  200 OK
//	ill: true   requests: 4  503 Service Unavailable
//	ill: true   requests: 2  not sent
//	ill: true   requests: 0  not sent
//	ill: false  requests: 0  not sent
//	ill: false  requests: 1  200 OK
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// pause is how long a breaker stays open.
const pause = time.Second

func main() {
	failsafe := flag.Bool("failsafe", false, "use failsafe-go instead of gobreaker")
	flag.Parse()
	if *failsafe {
		run(newFailsafe)
		return
	}
	run(newGobreaker)
}

// run makes six calls to a server that has recovered before the last one.
func run(newBreaker func(host string) transport.Breaker) {
	var ill atomic.Bool
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		if ill.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	client := &http.Client{Transport: transport.New(nil,
		transport.WithBreaker(perHost(newBreaker)),
		transport.WithBackoff(slot.FullJitter{Base: time.Millisecond}),
	)}
	defer client.CloseIdleConnections()

	for _, s := range []struct {
		ill   bool
		after time.Duration
	}{{ill: false}, {ill: true}, {ill: true}, {ill: true}, {ill: false}, {ill: false, after: pause + pause/10}} {
		time.Sleep(s.after)
		ill.Store(s.ill)
		before := requests.Load()
		outcome := call(client, server.URL)
		fmt.Printf("ill: %-5v  requests: %d  %s\n", s.ill, requests.Load()-before, outcome)
	}
}

func call(client *http.Client, url string) string {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		return err.Error()
	}
	resp, err := client.Do(req)
	switch {
	case errors.Is(err, transport.ErrBreakerOpen):
		return "not sent"
	case err != nil:
		return err.Error()
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.Status
}

// perHost keeps a breaker for each host: one that is down must not take the others with it. It
// keeps them for ever, which is for hosts that are few and known; bound it where users name them.
func perHost(newBreaker func(host string) transport.Breaker) func(*http.Request) transport.Breaker {
	var mu sync.Mutex
	breakers := make(map[string]transport.Breaker)
	return func(req *http.Request) transport.Breaker {
		mu.Lock()
		defer mu.Unlock()
		b, ok := breakers[req.URL.Host]
		if !ok {
			b = newBreaker(req.URL.Host)
			breakers[req.URL.Host] = b
		}
		return b
	}
}
