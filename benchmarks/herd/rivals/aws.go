package rivals

import (
	"context"
	"math"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"

	"github.com/goaroundhq/goaround/benchmarks/herd/sim"
)

// throttled is how a service of AWS says 503.
var throttled error = &smithy.GenericAPIError{Code: "SlowDown", Message: "Reduce your request rate."}

// AWSStandard is the standard mode of aws-sdk-go-v2, one client in each process: its
// retryer and its bucket of tokens are called. Its backoff is written after it, because
// its random numbers cannot be chosen. 0 attempts means no bound but the bucket.
func AWSStandard(attempts int) sim.Strategy {
	name := "AWS standard, no bound"
	if attempts > 0 {
		name = "AWS standard as shipped"
	}
	return sim.Strategy{Name: name, Start: func(w *sim.World) func(int) sim.Client {
		return func(int) sim.Client { return newAWSClient(w, attempts) }
	}}
}

// AWSAttempts is how often the standard mode tries unless told otherwise.
const AWSAttempts = retry.DefaultMaxAttempts

type awsClient struct {
	w        *sim.World
	attempts int
	retryer  *retry.Standard
	release  map[*sim.Call]func(error) error
	limit    *cubic // nil unless in adaptive mode
}

func newAWSClient(w *sim.World, attempts int) *awsClient {
	return &awsClient{w: w, attempts: attempts, retryer: retry.NewStandard(), release: map[*sim.Call]func(error) error{}}
}

// First sends, in adaptive mode when the bucket has a token.
func (a *awsClient) First(c *sim.Call) { a.send(c) }

func (a *awsClient) send(c *sim.Call) {
	if c.Gone() {
		return
	}
	if a.limit != nil {
		if wait, ok := a.limit.acquire(a.w.Now()); !ok {
			a.w.After(wait, func() { a.send(c) })
			return
		}
	}
	a.w.Send(c)
}

// Ended does what the retry middleware of the SDK does, in its order.
func (a *awsClient) Ended(c *sim.Call, r sim.Reply) {
	var err error
	if !r.OK {
		err = throttled
	}
	a.settle(c, err)
	if err == nil {
		return
	}
	if a.attempts > 0 && c.Attempt >= a.attempts {
		a.w.GiveUp(c)
		return
	}
	release, noToken := a.retryer.GetRetryToken(context.Background(), err)
	if noToken != nil {
		a.w.GiveUp(c)
		return
	}
	a.release[c] = release
	a.w.After(upTo(a.w.Rng, awsCeiling(c.Attempt)), func() { a.send(c) })
}

// awsCeiling is the longest wait of the standard mode after a throttled attempt.
func awsCeiling(attempt int) time.Duration {
	return time.Duration(min(math.Pow(2, float64(attempt-1)), retry.DefaultMaxBackoff.Seconds()) * float64(time.Second))
}

// settle gives tokens back after a success, and lets the adaptive mode learn.
func (a *awsClient) settle(c *sim.Call, err error) {
	release, retried := a.release[c]
	if !retried {
		// Of a first attempt. The standard mode never refuses one.
		release, _ = a.retryer.GetAttemptToken(context.Background())
	}
	_ = release(err) // nor fails to take it back
	delete(a.release, c)
	if a.limit != nil {
		a.limit.update(a.w.Now(), err != nil)
	}
}

func (a *awsClient) Left(*sim.Call) {}
