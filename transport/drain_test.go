package transport_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/transport"
)

// endless is a body that does not come to its end, until it is closed.
type endless struct{ closed chan struct{} }

func (b endless) Read([]byte) (int, error) {
	<-b.closed
	return 0, io.ErrClosedPipe
}

func (b endless) Close() error {
	close(b.closed)
	return nil
}

// The rest of a response gets no more than half of the time that is left for the call: the
// next attempt needs some, too.
func TestDrainingLeavesTimeForTheNextAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const deadline = 100 * time.Millisecond
		ctx, cancel := context.WithTimeout(t.Context(), deadline)
		defer cancel()
		start := time.Now()
		var attempts []time.Duration
		rt := transport.New(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
			if attempts = append(attempts, time.Since(start)); len(attempts) > 1 {
				return stub(req)
			}
			return &http.Response{StatusCode: 503, Body: endless{make(chan struct{})}, ContentLength: -1, Request: req}, nil
		}), transport.WithBackoff(noWait))
		code, _, err := roundTrip(t, rt, newRequest(t, "GET", "").WithContext(ctx))
		if code != 200 || err != nil || len(attempts) != 2 || attempts[1] != deadline/2 {
			t.Errorf("%d, %v; attempts after %v", code, err, attempts)
		}
	})
}
