package transport_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/transport"
	"github.com/goaroundhq/goaround/transport/transporttest"
)

// The steps that are off by default hold to the contract as well. Nothing is slow enough to be
// hedged here, because the suite counts requests.
func TestOptionalStepsAreLawful(t *testing.T) {
	t.Parallel()
	hedging := transport.WithHedging(transport.HedgeAfter(time.Hour))
	breaker := func(*http.Request) transport.Breaker { return new(outage) }
	all := func(base http.RoundTripper) http.RoundTripper {
		return transport.New(base, hedging, transport.WithBreaker(breaker), transport.WithResume(), transport.WithAttemptTimeout(time.Hour), soon)
	}
	transporttest.Run(t, transporttest.Target{New: all, Retries: true})
}
