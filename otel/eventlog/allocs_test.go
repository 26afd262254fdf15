//go:build !race

package eventlog_test

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/otel/eventlog"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// A retry that is below the level of the logger costs no allocation.
func TestAllocsBelowTheLevel(t *testing.T) {
	logger, _ := newLogger(slog.LevelError)
	now := transport.WithBackoff(slot.BackoffFunc(func(int) time.Duration { return 0 }))
	fine := &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}
	busy := &http.Response{StatusCode: http.StatusServiceUnavailable, Body: http.NoBody}
	count := func(opts ...transport.Option) float64 {
		sent := 0
		rt := transport.New(roundTripper(func(*http.Request) (*http.Response, error) {
			if sent++; sent%2 == 1 {
				return busy, nil
			}
			return fine, nil
		}), append(opts, now, transport.WithBudget(nil))...)
		req, err := http.NewRequestWithContext(t.Context(), "GET", "http://api.test/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		return testing.AllocsPerRun(1000, func() {
			resp, err := rt.RoundTrip(req)
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Fatal(resp, err)
			}
		})
	}
	if bare, logged := count(), count(eventlog.Transport(logger)); logged > bare {
		t.Errorf("%v allocations, %v without", logged, bare)
	}
}
