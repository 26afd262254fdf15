package relay_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"

	"github.com/goaroundhq/goaround/benchmarks/faults/relay"
)

// An order is taken, and the client does not hear of it.
func ExampleRelay_LoseAnswers() {
	var orders atomic.Int64
	shop := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { orders.Add(1) }))
	defer shop.Close()
	r, err := relay.Listen(shop.Listener.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()

	r.LoseAnswers(1)
	_, err = http.Post("http://"+r.Addr(), "text/plain", nil)
	fmt.Println("no answer:", err != nil)
	fmt.Println("orders:", orders.Load())
	// Output:
	// no answer: true
	// orders: 1
}
