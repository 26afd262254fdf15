package retryable_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/goaroundhq/goaround/transport"
)

// pair answers 200 to the first exchange after a second, and to its hedge when that has lost.
func pair(req *http.Request, n int32) *http.Response {
	if n == 1 {
		time.Sleep(time.Second)
	} else {
		<-req.Context().Done()
		time.Sleep(time.Second)
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("booked")), Request: req}
}

// slowly lets a hedge that has lost go on before the call ends.
func slowly(context.Context, transport.Attempt) { time.Sleep(time.Minute) }

var hedged = transport.WithHedging(transport.HedgeAfter(100 * time.Millisecond))

// CheckRetry, which hears of a hedge that its context is over, is not asked about one that has
// lost, and so cannot turn the winner's response into an error.
func TestLostHedgeDoesNotEndTheCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int32
		rc := retryablehttp.NewClient()
		rc.Logger = nil
		rc.HTTPClient = &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
			return pair(req, sent.Add(1)), nil
		})}
		client := fromClient(t, rc, hedged, transport.WithObserver(transport.Observer{Attempt: slowly}))
		resp, err := client.Do(post(t, "http://example.com"))
		if err != nil {
			t.Fatalf("the operation succeeded, and the caller is told: %v", err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK || sent.Load() != 2 {
			t.Errorf("status %d of %d exchanges", resp.StatusCode, sent.Load())
		}
	})
}

// A hedge that is held up until it has lost is not sent, no hook sees it, and what the
// CheckRetry said of the winner stands.
func TestLostHedgeIsNoAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		errMine := errors.New("mine")
		var held, sent, hooks atomic.Int32
		hold := func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(req *http.Request) (*http.Response, error) {
				if held.Add(1) == 2 {
					<-req.Context().Done()
					time.Sleep(time.Second)
				}
				return next.RoundTrip(req)
			})
		}
		rc := retryablehttp.NewClient()
		rc.Logger = nil
		rc.HTTPClient = &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
			return pair(req, sent.Add(1)), nil
		})}
		rc.RequestLogHook = func(retryablehttp.Logger, *http.Request, int) { hooks.Add(1) }
		rc.CheckRetry = func(context.Context, *http.Response, error) (bool, error) { return false, errMine }
		client := fromClient(t, rc, hedged, transport.WithAttemptSteps(hold), transport.WithObserver(transport.Observer{Attempt: slowly}))
		if _, err := client.Do(post(t, "http://example.com")); !errors.Is(err, errMine) {
			t.Errorf("error %v, want %v", err, errMine)
		}
		if held.Load() != 2 || sent.Load() != 1 || hooks.Load() != 1 {
			t.Errorf("%d exchanges, %d sent, %d seen by the hook", held.Load(), sent.Load(), hooks.Load())
		}
	})
}
