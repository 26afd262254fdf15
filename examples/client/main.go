// Command client is a client to begin with: an http.Client whose transport retries.
//
//	go run ./examples/client
//
// It makes four calls, on a network that breaks twice, and prints each attempt. The first
// call needs three attempts, all with one key, so that the shop, which knows keys, takes one
// order. The second is the same call again, after a restart of the client, by a key that was
// kept. The third is not tried again, because that would not help. The fourth ends with an
// error that knows what was tried:
//
//	order tea
//	  attempt 1: 503
//	  attempt 2: connection reset by peer
//	  attempt 3: 201
//	  201 order 1: tea (replayed)
//	order tea, after a restart
//	  attempt 1: 201
//	  201 order 1: tea (replayed)
//	look for an order that is not there
//	  attempt 1: 404
//	  404 no such order
//	look into a shop that is closed
//	  attempt 1: connection refused
//	  attempt 2: connection refused
//	  attempt 3: connection refused
//	  attempt 4: connection refused
//	  failed after 4 attempts
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/transport"
	"github.com/goaroundhq/goaround/transport/faults"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	shop := httptest.NewServer(newShop())
	defer shop.Close()

	// The network: a proxy is busy, then the shop takes an order and its response is lost.
	network := faults.Script(faults.Status(http.StatusServiceUnavailable), faults.LoseResponse())

	// This is what a program needs, but for the network and for the observer, which prints.
	base := http.DefaultTransport.(*http.Transport).Clone()
	client := &http.Client{
		Transport: transport.New(network(base), transport.WithObserver(printing(out))),
		Timeout:   10 * time.Second, // for a call with all its attempts
	}
	defer client.CloseIdleConnections()

	// Every POST gets a key by itself. Who makes it early, and keeps it, can ask again after a
	// crash and still means the same order.
	key := idem.NewKey()

	fmt.Fprintln(out, "order tea")
	if err := call(idem.WithKey(ctx, key), out, client, http.MethodPost, shop.URL+"/orders", "tea"); err != nil {
		return err
	}
	fmt.Fprintln(out, "order tea, after a restart")
	if err := call(idem.WithKey(ctx, key), out, client, http.MethodPost, shop.URL+"/orders", "tea"); err != nil {
		return err
	}
	fmt.Fprintln(out, "look for an order that is not there")
	if err := call(ctx, out, client, http.MethodGet, shop.URL+"/orders/7", ""); err != nil {
		return err
	}
	shop.Close()
	fmt.Fprintln(out, "look into a shop that is closed")
	var failed *transport.Error
	err := call(ctx, out, client, http.MethodGet, shop.URL+"/orders/1", "")
	if errors.As(err, &failed) { // there is no response to return, and this tells why
		fmt.Fprintf(out, "  failed after %d attempts\n", failed.Attempts)
		return nil
	}
	return err
}

// call makes one call and prints the response, whatever its status.
func call(ctx context.Context, out io.Writer, client *http.Client, method, url, body string) error {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "  %d %s", resp.StatusCode, strings.TrimSpace(string(answer)))
	if resp.Header.Get(idem.ReplayedHeader) == "true" {
		fmt.Fprint(out, " (replayed)")
	}
	fmt.Fprintln(out)
	return nil
}

// printing is an observer; package otel has those for metrics and spans.
func printing(out io.Writer) transport.Observer {
	return transport.Observer{Attempt: func(_ context.Context, a transport.Attempt) {
		var errno syscall.Errno
		switch {
		case errors.As(a.Err, &errno): // without the port, which is another one each time
			fmt.Fprintf(out, "  attempt %d: %v\n", a.Number, errno)
		case a.Err != nil:
			fmt.Fprintf(out, "  attempt %d: %v\n", a.Number, a.Err)
		default:
			fmt.Fprintf(out, "  attempt %d: %d\n", a.Number, a.Status)
		}
	}}
}
