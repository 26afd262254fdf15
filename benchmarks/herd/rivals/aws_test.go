package rivals

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// The adaptive mode is written after the SDK's. Here both live through the same calls.
func TestAdaptiveIsAsTheSDK(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// Its own sleep would spin: it may be of 0 ns, and time stands still here meanwhile.
		real := retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) { o.FailOnNoAttemptTokens = true })
		ours := newCubic(0)
		began := time.Now()
		rng := rand.New(rand.NewPCG(1, 1))
		waited := 0
		for i := range 2000 {
			time.Sleep(time.Duration(rng.Int64N(int64(300 * time.Millisecond))))
			var release func(error) error
			for release == nil {
				wait, ok := ours.acquire(time.Since(began))
				token, err := real.GetAttemptToken(t.Context())
				if ok != (err == nil) {
					t.Fatalf("call %d at %v: sent is %v here, and the SDK says %v", i, time.Since(began), ok, err)
				}
				release = token
				if !ok {
					waited++
					time.Sleep(wait + time.Microsecond) // the SDK counts from 1970, less exactly
				}
			}
			time.Sleep(20 * time.Millisecond)
			var failed error
			if rng.IntN(3) == 0 {
				failed = throttled
			}
			if err := release(failed); err != nil {
				t.Fatal(err)
			}
			ours.update(time.Since(began), failed != nil)
		}
		if waited < 100 {
			t.Errorf("only %d calls had to wait: nothing was tested", waited)
		}
	})
}

// What the model of the standard mode takes from the SDK: the number of attempts, and how
// many retries the bucket of a process allows when all fail.
func TestStandardIsAsTheSDK(t *testing.T) {
	t.Parallel()
	r := retry.NewStandard()
	if r.MaxAttempts() != AWSAttempts {
		t.Errorf("%d attempts, want %d", r.MaxAttempts(), AWSAttempts)
	}
	retries := 0
	for {
		if _, err := r.GetRetryToken(t.Context(), throttled); err != nil {
			break
		}
		retries++
	}
	if retries != 100 {
		t.Errorf("the bucket allows %d retries, want 100: 500 tokens at 5 each", retries)
	}
	for attempt := 1; attempt < 12; attempt++ {
		d, err := r.RetryDelay(attempt, throttled)
		if err != nil {
			t.Fatal(err)
		}
		if d > awsCeiling(attempt) {
			t.Errorf("attempt %d: the SDK waits %v, more than the ceiling %v", attempt, d, awsCeiling(attempt))
		}
	}
}
