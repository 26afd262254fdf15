package rivals

import (
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/goaroundhq/goaround/benchmarks/herd/sim"
)

// Retryablehttp waits by the backoff function of hashicorp/go-retryablehttp, with the
// defaults of its client. Without retries it has no bound, which is kinder than what
// ships: callers who used all their attempts would have failed.
func Retryablehttp(retries int) sim.Strategy {
	name := "go-retryablehttp, no bound"
	if retries > 0 {
		name = "go-retryablehttp as shipped"
	}
	defaults := retryablehttp.NewClient()
	return sim.Strategy{Name: name, Start: func(w *sim.World) func(int) sim.Client {
		return func(int) sim.Client {
			return &alone{w, func(c *sim.Call, _ sim.Reply) (time.Duration, bool) {
				if retries > 0 && c.Attempt > retries {
					return 0, false
				}
				// Its attempts count from 0, and the 30 s are reached long before 2^30.
				attempt := min(c.Attempt-1, 30)
				return defaults.Backoff(defaults.RetryWaitMin, defaults.RetryWaitMax, attempt, nil), true
			}}
		}
	}}
}

// RetryablehttpRetries is how often the client of hashicorp/go-retryablehttp tries again
// unless told otherwise.
func RetryablehttpRetries() int { return retryablehttp.NewClient().RetryMax }
