// Command migration takes a tuned client of go-retryablehttp over, in the two steps in which
// a program can do it, and keeps its callbacks.
//
//	go run ./examples/migration
//
// Three clients order at a shop which knows keys. The shop is busy, then it takes the order
// and its response is lost. As it was, the client orders twice, because it sends no key. With
// retryable.Standard it is still the old client, and its calls have keys. With
// retryable.FromClient another engine retries, by the same CheckRetry, Backoff and hooks; only
// the last response, a replay, is not for CheckRetry to judge:
//
//	                     status  orders  RequestLogHook  CheckRetry  Backoff
//	before               201     2       3               3           2
//	with keys            201     1       3               3           2
//	with another engine  201     1       3               2           2
package main

import (
	"context"
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

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
	"github.com/goaroundhq/goaround/transport/faults"
	"github.com/goaroundhq/goaround/transport/retryable"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	fmt.Fprintf(out, "%-20s %-7s %-7s %-15s %-11s %s\n", "", "status", "orders", "RequestLogHook", "CheckRetry", "Backoff")
	for _, step := range []struct {
		name   string
		client func(*retryablehttp.Client) (*http.Client, error)
	}{
		{"before", func(rc *retryablehttp.Client) (*http.Client, error) {
			return rc.StandardClient(), nil
		}},
		{"with keys", func(rc *retryablehttp.Client) (*http.Client, error) {
			return retryable.Standard(rc), nil
		}},
		{"with another engine", func(rc *retryablehttp.Client) (*http.Client, error) {
			return retryable.FromClient(rc) // whose result takes further options, such as WithSlots
		}},
	} {
		if err := order(ctx, out, step.name, step.client); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

// order places one order with the client that is made of the tuned one.
func order(ctx context.Context, out io.Writer, step string, migrate func(*retryablehttp.Client) (*http.Client, error)) error {
	var orders atomic.Int64
	once := server.New(idem.NewMemory(), server.WithSharedScope())
	shop := httptest.NewServer(once(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		orders.Add(1)
		w.WriteHeader(http.StatusCreated)
	})))
	defer shop.Close()

	base := &http.Transport{}
	defer base.CloseIdleConnections()
	network := faults.Script(faults.Status(http.StatusServiceUnavailable), faults.LoseResponse())
	var n counts
	client, err := migrate(tuned(network(base), &n))
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, shop.URL+"/orders", strings.NewReader("tea"))
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	fmt.Fprintf(out, "%-20s %-7d %-7d %-15d %-11d %d\n",
		step, resp.StatusCode, orders.Load(), n.logged.Load(), n.checked.Load(), n.waits.Load())
	return nil
}

// counts are how often the callbacks were called.
type counts struct{ logged, checked, waits atomic.Int64 }

// tuned is a client as it grew in some program over the years.
func tuned(base http.RoundTripper, n *counts) *retryablehttp.Client {
	rc := retryablehttp.NewClient()
	rc.HTTPClient.Transport = base
	rc.HTTPClient.Timeout = 5 * time.Second
	rc.RetryMax = 5
	rc.RetryWaitMin, rc.RetryWaitMax = 10*time.Millisecond, 100*time.Millisecond
	rc.Logger = nil
	rc.RequestLogHook = func(retryablehttp.Logger, *http.Request, int) { n.logged.Add(1) }
	rc.CheckRetry = func(ctx context.Context, resp *http.Response, err error) (bool, error) {
		n.checked.Add(1)
		if resp != nil && resp.StatusCode == http.StatusTeapot {
			return true, nil // what the service of this program says when it is short of tea
		}
		return retryablehttp.ErrorPropagatedRetryPolicy(ctx, resp, err)
	}
	rc.Backoff = func(shortest, longest time.Duration, attempt int, resp *http.Response) time.Duration {
		n.waits.Add(1)
		return retryablehttp.LinearJitterBackoff(shortest, longest, attempt, resp)
	}
	return rc
}
