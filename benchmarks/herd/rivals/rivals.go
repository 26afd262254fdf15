package rivals

import (
	"time"

	"github.com/goaroundhq/goaround/benchmarks/herd/sim"
	"github.com/goaroundhq/goaround/slot/book"
)

// All are the strategies of the table, for a server of the given capacity: some are told it.
func All(capacity float64) []sim.Strategy {
	const cap10, cap60 = 10 * time.Second, time.Minute
	return append([]sim.Strategy{
		Constant(time.Second),
		Exponential(cap10),
		FullJitter(cap10),
		FullJitter(cap60),
		EqualJitter(cap10),
		DecorrelatedJitter(cap10),
		Retryablehttp(0),
		Retryablehttp(RetryablehttpRetries()),
		AWSStandard(AWSAttempts),
		AWSStandard(0),
		AWSAdaptive(),
		RetryAfter(5*time.Second, 0),
		RetryAfter(5*time.Second, 5*time.Second),
		Ring(10, 100*time.Millisecond, 0),
		Ring(10, 100*time.Millisecond, cap10),
		GCRA(1),
		GCRA(0.5),
		GCRA(2),
	}, Pacers(capacity)...)
}

// Pacers are those of goaround.
func Pacers(capacity float64) []sim.Strategy {
	prior := func(rate float64) book.Rules { return book.Rules{Prior: rate} }
	return []sim.Strategy{
		Ours{Name: "ours, fleet, cold"}.Strategy(),
		Ours{Name: "ours, fleet, prior C", Rules: prior(capacity)}.Strategy(),
		Ours{Name: "ours, fleet, prior 0.5 C", Rules: prior(capacity / 2)}.Strategy(),
		Ours{Name: "ours, fleet, prior 2 C", Rules: prior(capacity * 2)}.Strategy(),
		Ours{Name: "ours, fleet, gated, cold", Gated: true}.Strategy(),
		Ours{Name: "ours, fleet, gated, prior C", Gated: true, Rules: prior(capacity)}.Strategy(),
		Ours{Name: "ours, local", Local: true}.Strategy(),
		Assigned(),
	}
}
