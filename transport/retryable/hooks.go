package retryable

import (
	"context"
	"net/http"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/goaroundhq/goaround/transport"
)

// Hooks are the callbacks of a client that watch a call or change it. Those that are nil
// do nothing.
type Hooks struct {
	// Logger is handed to the log hooks: a retryablehttp.Logger, a
	// retryablehttp.LeveledLogger or nil.
	Logger any
	// RequestLogHook is called before each attempt with the request that is sent, and how
	// often the call was tried before. What it changes is changed for this attempt only.
	RequestLogHook retryablehttp.RequestLogHook
	// ResponseLogHook is called with the response of each attempt that has one, before it
	// is decided what follows.
	ResponseLogHook retryablehttp.ResponseLogHook
	// PrepareRetry is called before each attempt but the first, with the request that is
	// sent, its body at the start; one that it replaces is its to close. What it changes is
	// changed for this attempt only. An error ends the call.
	PrepareRetry retryablehttp.PrepareRetry
	// ErrorHandler is called once for a call that failed: with an error, or with a response
	// that would have been tried again (by Policy, or transport.Classify without one) if
	// attempts, time or the request allowed it. The error is wrapped as that of http.Client.
	// What it returns comes back to the caller; an error wins over a response, which is
	// closed.
	ErrorHandler retryablehttp.ErrorHandler
}

// New is [transport.New] with the hooks in it. Request hooks and PrepareRetry are below
// everything else, so they see the key and each exchange, also one of a hedge; they work on
// a copy of the request, header and URL included. It panics when the Logger is of another
// type, as retryablehttp.Client does when it is used.
func (h Hooks) New(base http.RoundTripper, opts ...transport.Option) http.RoundTripper {
	s := &hookStep{Hooks: h, logger: printer(h.Logger)}
	if h.PrepareRetry != nil {
		opts = append([]transport.Option{transport.WithClassifier(unprepared)}, opts...)
	}
	each := func(next http.RoundTripper) http.RoundTripper { return &attemptStep{hookStep: s, next: next} }
	return &callStep{hookStep: s, next: transport.New(transport.Chain(base, each), opts...)}
}

// hookStep is what the two halves of the hooks share: those around a call and those around
// an attempt.
type hookStep struct {
	Hooks
	logger retryablehttp.Logger // nil: none
}

// attemptStep calls the hooks of an attempt.
type attemptStep struct {
	*hookStep
	next http.RoundTripper
}

func (s *attemptStep) CloseIdleConnections() { closeIdle(s.next) }

func (s *attemptStep) RoundTrip(req *http.Request) (*http.Response, error) {
	c := callFrom(req.Context())
	before, ok := c.begin(req.Context())
	if !ok {
		closeBody(req)
		return nil, context.Cause(req.Context())
	}
	send, err := s.prepare(req, before)
	if err != nil {
		c.notSent()
		closeBody(req)
		return nil, err
	}
	resp, err := s.next.RoundTrip(send)
	if err == nil && resp != nil && s.ResponseLogHook != nil {
		s.ResponseLogHook(s.logger, resp)
	}
	return resp, err
}

// prepare returns the request to send, after the hooks have seen it.
func (s *attemptStep) prepare(req *http.Request, before int) (*http.Request, error) {
	again := before > 0 && s.PrepareRetry != nil
	if !again && s.RequestLogHook == nil {
		return req, nil
	}
	send := req.Clone(req.Context())
	if again {
		if err := s.PrepareRetry(send); err != nil {
			return nil, &prepareError{err}
		}
	}
	if s.RequestLogHook != nil {
		s.RequestLogHook(s.logger, send, before)
	}
	return send, nil
}

// unprepared is the rule that ends a call whose request could not be prepared.
func unprepared(o transport.Outcome) transport.Verdict {
	if is[*prepareError](o.Err) {
		return transport.Final
	}
	return transport.Unsure
}

// closeIdle passes http.Client.CloseIdleConnections on.
func closeIdle(next http.RoundTripper) {
	if c, ok := next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// closeBody closes the body of a request that is not sent.
func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}
