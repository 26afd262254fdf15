// Command assigned lets a server tell each caller when it is its turn, without anything that
// the callers share.
//
//	go run ./examples/assigned
//
// 100 callers come at the same time to a server that lets in 100 in a second. It refuses those
// for whom there is no room, and gives each of them another time to come back. First they are
// clients that read Retry-After only, in whole seconds, and come back in crowds. Then they are
// clients of goaround, which come at their own time and show their ticket, one after the other.
// The lines say how many requests came in a quarter of a second, where any did (the figures are
// of one run):
//
//	by Retry-After, in whole seconds
//	  100 of 100 served, 287 requests, 0 with a ticket for a seat
//	  0.00 s  100  ##################################################
//	  1.00 s   44  ######################
//	  1.25 s    3  ##
//	  2.00 s   34  #################
//	  ... and so on until 6.75 s
//	by slots, in milliseconds
//	  100 of 100 served, 198 requests, 98 with a ticket for a seat
//	  0.00 s  122  #############################################################
//	  0.25 s   24  ############
//	  0.50 s   23  ############
//	  0.75 s   24  ############
//	  1.00 s    5  ###
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goaroundhq/goaround/server"
	"github.com/goaroundhq/goaround/transport"
)

const (
	callers   = 100
	perSecond = 100
	column    = 250 * time.Millisecond // of the chart: what a line counts
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	fmt.Fprintln(out, "by Retry-After, in whole seconds")
	if err := herd(ctx, out, transport.WithAttemptSteps(withoutSlots)); err != nil {
		return err
	}
	fmt.Fprintln(out, "by slots, in milliseconds")
	return herd(ctx, out)
}

// herd lets all callers come at once, and prints when their requests came.
func herd(ctx context.Context, out io.Writer, opts ...transport.Option) error {
	var seen arrivals
	// There is a waiting room by default, which is better for callers who do not know slots. It
	// would hide what this is about.
	admit := server.Admission(server.AdmitRate(perSecond, 1),
		server.WithWaitingRoom(0, 0), server.WithAdmissionObserver(seen.observer()))
	s := httptest.NewServer(admit(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	})))
	defer s.Close()

	base := &http.Transport{MaxIdleConnsPerHost: callers}
	// Nothing here says when to come back, because the server does. Callers in other processes
	// need nothing else either.
	client := &http.Client{
		Transport: transport.New(base, append(opts, transport.WithMaxAttempts(0), transport.WithBudget(nil))...),
		Timeout:   30 * time.Second,
	}
	defer client.CloseIdleConnections()

	var served atomic.Int64
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			if err := get(ctx, client, s.URL); err == nil {
				served.Add(1)
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	fmt.Fprintf(out, "  %d of %d served, ", served.Load(), callers)
	seen.print(out)
	return nil
}

func get(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		return fmt.Errorf("not served: %s", resp.Status)
	}
	return nil
}

// withoutSlots makes callers out of those who know slots that do not.
func withoutSlots(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err == nil {
			resp.Header.Del(server.SlotHeader)
		}
		return resp, err
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
