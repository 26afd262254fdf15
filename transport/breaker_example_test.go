package transport_test

import (
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/goaroundhq/goaround/transport"
)

// outage is the simplest breaker: a person opens it.
type outage struct{ open atomic.Bool }

func (o *outage) Allow() (done func(error), err error) {
	if o.open.Load() {
		return nil, errors.New("switched off by hand")
	}
	return func(error) {}, nil
}

// Any breaker with the method Allow fits, and gobreaker's TwoStepCircuitBreaker does; see
// examples/breaker.
func ExampleWithBreaker() {
	payments := new(outage)
	client := &http.Client{Transport: transport.New(nil,
		transport.WithBreaker(func(req *http.Request) transport.Breaker {
			if req.URL.Host == "payments.example.com" {
				return payments
			}
			return nil
		}),
	)}

	payments.open.Store(true)
	resp, err := client.Get("https://payments.example.com/")
	if err == nil {
		resp.Body.Close()
	}
	fmt.Println(errors.Is(err, transport.ErrBreakerOpen))
	fmt.Println(err)
	// Output:
	// true
	// Get "https://payments.example.com/": transport: circuit breaker open: switched off by hand
}
