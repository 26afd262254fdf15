package retryable

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/goaroundhq/goaround/transport"
)

// Standard is c.StandardClient with what a call of c lacks: a key, the same on all its
// attempts, by [transport.Keys] with these options; and the manners of a RoundTripper, as far
// as they can be had. The caller's request is not changed, its body is closed, a response
// never comes with an error, and the cause of a context is not lost. A body with GetBody is
// opened for each attempt and an io.Seeker is sent from where it stands; any other body is
// read into memory before it is sent. Redirects are followed by c.HTTPClient, as its
// CheckRedirect says, and not again by the client that is returned. A key has a side effect
// that package transport describes under Bodies.
//
// The client is used as it is. [Under] first for steps of its attempts:
//
//	client := retryable.Standard(retryable.Under(c, steps...))
//
// It panics when c is nil.
func Standard(c *retryablehttp.Client, opts ...transport.Option) *http.Client {
	if c == nil {
		panic("retryable: Standard(nil)")
	}
	return &http.Client{
		Transport:     transport.Chain(engine{c}, transport.Keys(opts...)),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // c.HTTPClient has decided
	}
}

// engine makes a RoundTripper of a client.
type engine struct{ client *retryablehttp.Client }

func (e engine) CloseIdleConnections() {
	if e.client.HTTPClient == nil {
		return
	}
	next := e.client.HTTPClient.Transport
	if h, ok := next.(hidden); ok {
		next = h.next
	}
	closeIdle(next)
}

func (e engine) RoundTrip(req *http.Request) (*http.Response, error) {
	open, done := opener(req)
	defer done()
	own, err := wrap(req, open)
	if err != nil {
		return nil, err
	}
	resp, err := e.client.Do(own)
	switch {
	case err != nil:
		discard(resp)
		return nil, caused(req.Context(), bare(err))
	case resp == nil:
		return nil, errEmpty // of an ErrorHandler
	default:
		return resp, nil
	}
}

// wrap returns a copy of the request for the client to change, whose body open opens; nil
// leaves that to the client.
func wrap(req *http.Request, open retryablehttp.ReaderFunc) (*retryablehttp.Request, error) {
	own := req.Clone(context.WithValue(req.Context(), callerKey{}, req.Context()))
	if open == nil {
		return retryablehttp.FromRequest(own)
	}
	own.Body = nil // would be read into memory
	wrapped, err := retryablehttp.FromRequest(own)
	if err != nil {
		return nil, err
	}
	if err := wrapped.SetBody(open); err != nil {
		return nil, err
	}
	wrapped.ContentLength = req.ContentLength // SetBody does not know it
	return wrapped, nil
}

// caused names the cause of a context's end where the client only tells that it ended.
func caused(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	if cause == nil || errors.Is(err, cause) || !errors.Is(err, ctx.Err()) {
		return err
	}
	return fmt.Errorf("%w: %w", cause, err)
}

// callerKey is where a call keeps the context of its caller, because that of an attempt may
// be over when its response has been read.
type callerKey struct{}

// callerIn returns the context of who waits for an attempt with this context, which is the
// same if nothing else is known.
func callerIn(ctx context.Context) context.Context {
	if caller, ok := ctx.Value(callerKey{}).(context.Context); ok {
		return caller
	}
	return ctx
}
