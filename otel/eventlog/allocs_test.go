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

// A retry, and a call that is given up, cost no allocation below the level of the logger.
func TestAllocsBelowTheLevel(t *testing.T) {
	logger, _ := newLogger(slog.LevelError)
	for name, most := range map[string]int{"a retry": 2, "given up": 1} {
		t.Run(name, func(t *testing.T) {
			bare, logged := allocs(t, transport.WithMaxAttempts(most)), allocs(t, transport.WithMaxAttempts(most), eventlog.Transport(logger))
			if logged > bare {
				t.Errorf("%v allocations, %v without", logged, bare)
			}
		})
	}
}

// allocs counts those of a call to a server that fails every other time, at first.
func allocs(t *testing.T, opts ...transport.Option) float64 {
	t.Helper()
	now := transport.WithBackoff(slot.BackoffFunc(func(int) time.Duration { return 0 }))
	fine := &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}
	busy := &http.Response{StatusCode: http.StatusServiceUnavailable, Body: http.NoBody}
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
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	})
}
