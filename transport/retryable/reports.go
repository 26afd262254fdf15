package retryable

import (
	"net/http"
	"time"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// Reports is a step for [Under] that tells a pacer of the attempts which the Backoff of
// [AsBackoff] does not hear of, or hears of without knowing the target: those that end well
// and those that end in an error. It panics when p is nil.
func Reports(p slot.Pacer) transport.Step {
	if p == nil {
		panic("retryable: Reports(nil)")
	}
	return func(next http.RoundTripper) http.RoundTripper { return &reporter{pacer: p, next: next} }
}

type reporter struct {
	pacer slot.Pacer
	next  http.RoundTripper
}

func (r *reporter) CloseIdleConnections() { closeIdle(r.next) }

func (r *reporter) RoundTrip(req *http.Request) (*http.Response, error) {
	started := time.Now()
	resp, err := r.next.RoundTrip(req)
	result := slot.Failed
	if err == nil {
		result = resultOf(resp)
	}
	left := err != nil && callerIn(req.Context()).Err() != nil // which says nothing about the target
	if result == slot.Success || (err != nil && !left) {
		r.pacer.Report(transport.Origin(req), slot.Feedback{Attempt: 1, Result: result, Latency: time.Since(started)})
	}
	return resp, err
}
