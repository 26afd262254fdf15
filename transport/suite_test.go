package transport_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
	"github.com/goaroundhq/goaround/transport/transporttest"
)

// soon is a backoff for suites over a real network.
var soon = transport.WithBackoff(slot.FullJitter{Base: time.Millisecond, Max: 10 * time.Millisecond})

// The suite that users run on steps of their own holds for the chain, whatever its options
// add to it.
func TestChainIsLawful(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]transport.Option{
		"default": nil,
		"least": {
			transport.WithBodyBuffer(0), transport.WithBudget(nil), transport.WithKeyMethods(),
		},
		"most": {
			transport.WithKeyMethods(http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete), transport.WithBareKeys(),
			transport.WithTimeout(time.Hour), transport.WithAttemptTimeout(time.Hour), transport.WithMinAttempt(time.Millisecond),
			transport.WithAttemptHeader(), transport.WithDateSource(skew.NewDateSource("responses")),
			transport.WithHedging(transport.HedgeAfter(time.Hour)), // the suite counts requests
			transport.WithBreaker(func(*http.Request) transport.Breaker { return new(outage) }), transport.WithResume(),
			transport.WithClassifier(func(transport.Outcome) transport.Verdict { return transport.Unsure }),
			transport.WithObserver(transport.Observer{
				Attempt: func(context.Context, transport.Attempt) {},
				Call:    func(context.Context, transport.Call) {},
			}),
		},
		"slots": {transport.WithSlots(slot.NewQueue()), transport.WithGatedFirst()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := slices.Concat([]transport.Option{soon}, opts)
			transporttest.Run(t, transporttest.Target{
				New:     func(base http.RoundTripper) http.RoundTripper { return transport.New(base, all...) },
				Retries: true,
			})
		})
	}
}

// Each of the two steps of the standard chain holds to it alone.
func TestStepsAreLawful(t *testing.T) {
	t.Parallel()
	for name, target := range map[string]transporttest.Target{
		"Keys":  {New: transport.Keys()},
		"Retry": {New: transport.Retry(soon), Retries: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transporttest.Run(t, target)
		})
	}
}
