package retryable

import (
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// Backoff makes a callback the wait between attempts, for [transport.WithBackoff]. Shortest
// and longest are handed to it, as RetryWaitMin and RetryWaitMax are; the first attempt is 0
// to it, and there is no response.
//
// A negative result is that of an overflow: slot.FullJitter from shortest to longest decides
// instead. A result is cut to longest, or to slot.DefaultMaxHint where that is more, because
// LinearJitterBackoff goes beyond longest by design. It panics when b is nil.
func Backoff(b retryablehttp.Backoff, shortest, longest time.Duration) slot.Backoff {
	return newBackoff("Backoff", b, shortest, longest)
}

// OutcomeBackoff is [Backoff] for a callback that looks at the response, for
// [transport.WithOutcomeBackoff]; the response is nil after an error, its body is still open
// and not to be read.
//
// The callback does not see Retry-After, which package transport reads better: within bounds
// and in all its forms. The wait is not below what the server asks for, and is spread behind
// it by up to a quarter, unless the callback's own is longer. A slot that the server assigned
// is kept to the millisecond. It panics when b is nil.
func OutcomeBackoff(b retryablehttp.Backoff, shortest, longest time.Duration) func(transport.Outcome) time.Duration {
	return newBackoff("OutcomeBackoff", b, shortest, longest).after
}

func newBackoff(name string, b retryablehttp.Backoff, shortest, longest time.Duration) *backoff {
	if b == nil {
		panic("retryable: " + name + "(nil)")
	}
	return &backoff{callback: b, shortest: shortest, longest: longest}
}

type backoff struct {
	callback          retryablehttp.Backoff
	shortest, longest time.Duration
}

// Delay implements slot.Backoff.
func (b *backoff) Delay(attempt int) time.Duration { return b.wait(attempt, nil) }

func (b *backoff) after(o transport.Outcome) time.Duration {
	if o.Response == nil {
		return b.wait(o.Attempt, nil)
	}
	if o.Response.Header.Get(transport.SlotHeader) != "" {
		return -1 // the server decides
	}
	seen := *o.Response
	seen.Header = withoutRetryAfter(seen.Header)
	own := b.wait(o.Attempt, &seen)
	hint := transport.RetryAfter(o.Response, nil)
	if hint <= 0 || hint > b.most() { // one that is longer ends the call, or bounds it alone
		return own
	}
	return max(own, hint+rand.N(hint/4+1))
}

func (b *backoff) wait(attempt int, resp *http.Response) time.Duration {
	wait := b.callback(b.shortest, b.longest, attempt-1, resp)
	if wait < 0 {
		return slot.FullJitter{Base: b.shortest, Max: b.longest}.Delay(attempt)
	}
	return min(wait, b.most())
}

// most is the longest wait of this backoff.
func (b *backoff) most() time.Duration { return max(b.longest, slot.DefaultMaxHint) }

// withoutRetryAfter is a header as a callback sees it.
func withoutRetryAfter(h http.Header) http.Header {
	if h.Get("Retry-After") == "" {
		return h
	}
	h = h.Clone()
	h.Del("Retry-After")
	return h
}
