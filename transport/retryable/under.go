package retryable

import (
	"net/http"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/goaroundhq/goaround/transport"
)

// Under returns a copy of c with steps under its HTTPClient: each sees every attempt that
// the copy makes, the first outermost. It is for steps that make one exchange of one, such
// as a breaker, [Reports], or that of otelhttp; a step that is about the call, such as
// transport.Keys or transport.Retry, belongs above: see [Standard].
//
// A client closes all idle connections of its transport whenever a call of it fails, also
// those to healthy hosts and of others who share it. The copy cannot: CloseIdleConnections of its
// HTTPClient does nothing, that of the client which [Standard] makes of it does. And what a
// hook changes in a request is not changed in one that is still being sent: each attempt has
// a header of its own. Under panics when c is nil.
func Under(c *retryablehttp.Client, steps ...transport.Step) *retryablehttp.Client {
	if c == nil {
		panic("retryable: Under(nil)")
	}
	inner := &http.Client{}
	if c.HTTPClient != nil {
		*inner = *c.HTTPClient
	}
	inner.Transport = hidden{transport.Chain(inner.Transport, steps...)}
	return &retryablehttp.Client{
		HTTPClient:      inner,
		Logger:          c.Logger,
		RetryWaitMin:    c.RetryWaitMin,
		RetryWaitMax:    c.RetryWaitMax,
		RetryMax:        c.RetryMax,
		RequestLogHook:  c.RequestLogHook,
		ResponseLogHook: c.ResponseLogHook,
		CheckRetry:      c.CheckRetry,
		Backoff:         c.Backoff,
		ErrorHandler:    c.ErrorHandler,
		PrepareRetry:    c.PrepareRetry,
	}
}

// hidden is a RoundTripper and nothing else.
type hidden struct{ next http.RoundTripper }

// RoundTrip sends a request with a header of its own: the client hands the same map to each
// attempt, and to its hooks between them.
func (h hidden) RoundTrip(req *http.Request) (*http.Response, error) {
	own := *req
	own.Header = req.Header.Clone()
	return h.next.RoundTrip(&own)
}
