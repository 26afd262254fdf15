package transport

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// What a timeout of ours ended. They match context.DeadlineExceeded by [errors.Is], and are
// the [context.Cause] of the context that was ended.
var (
	// ErrAttemptTimeout: the attempt took longer than WithAttemptTimeout allows. The
	// caller has not left, so there may be another one.
	ErrAttemptTimeout error = &timeoutError{"transport: attempt timed out"}
	// ErrTimeout: the call took longer than WithTimeout allows.
	ErrTimeout error = &timeoutError{"transport: call timed out"}
)

type timeoutError struct{ text string }

func (e *timeoutError) Error() string      { return e.text }
func (*timeoutError) Timeout() bool        { return true }
func (*timeoutError) Temporary() bool      { return true }
func (*timeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

// WithTimeout bounds a call: its attempts, the waits between them, and reading the body of
// the response, as http.Client.Timeout does, but for the redirects, which are calls of their
// own. A connection that has changed its protocol (101, WebSockets) is not bounded. A wait
// that does not end in this time is not begun. The errors match [ErrTimeout].
// The default is no bound but the context's deadline and the client's Timeout. It panics
// when d is not positive.
func WithTimeout(d time.Duration) Option {
	positive("WithTimeout", d)
	return func(c *config) { c.timeout = d }
}

// WithAttemptTimeout bounds each attempt, from its start until the header of its response
// is there; an attempt that takes longer is given up, and another may follow. Reading the
// body is not bounded by it, nor cut short: what has begun to come cannot be tried again.
// The errors match [ErrAttemptTimeout]. The default is no bound. It panics when d is not
// positive.
func WithAttemptTimeout(d time.Duration) Option {
	positive("WithAttemptTimeout", d)
	return func(c *config) { c.attemptTimeout = d }
}

// deadline is the step that bounds calls.
func (c *config) deadline(next http.RoundTripper) http.RoundTripper {
	if c.timeout <= 0 {
		return next
	}
	return &deadlineStep{next, c.timeout}
}

type deadlineStep struct {
	next    http.RoundTripper
	timeout time.Duration
}

func (s *deadlineStep) CloseIdleConnections() { closeIdle(s.next) }

func (s *deadlineStep) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeoutCause(req.Context(), s.timeout, ErrTimeout)
	leased := false
	defer func() {
		if !leased { // also when the next RoundTripper panicked
			cancel()
		}
	}()
	resp, err := s.next.RoundTrip(req.WithContext(ctx))
	if err != nil || resp == nil {
		return resp, timedOut(ctx, ErrTimeout, err)
	}
	leased = true
	return lease(ctx, resp, ErrTimeout, cancel), nil
}

// attempts is the step that bounds attempts.
func (c *config) attempts(next http.RoundTripper) http.RoundTripper {
	if c.attemptTimeout <= 0 {
		return next
	}
	return &attemptStep{next, c.attemptTimeout}
}

type attemptStep struct {
	next    http.RoundTripper
	timeout time.Duration
}

func (s *attemptStep) CloseIdleConnections() { closeIdle(s.next) }

func (s *attemptStep) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	end := func() { cancel(nil) }
	timer := time.AfterFunc(s.timeout, func() { cancel(ErrAttemptTimeout) })
	leased := false
	defer func() {
		timer.Stop()
		if !leased { // also when the next RoundTripper panicked
			end()
		}
	}()
	resp, err := s.next.RoundTrip(req.WithContext(ctx))
	if err != nil || resp == nil {
		return resp, timedOut(ctx, ErrAttemptTimeout, err)
	}
	if !timer.Stop() { // it came as the time was up, and its context is over
		drain(ctx, resp, 0)
		return nil, ErrAttemptTimeout
	}
	leased = true
	return lease(ctx, resp, nil, end), nil
}

// timedOut names our timeout in an error that it caused and that does not tell.
func timedOut(ctx context.Context, timeout, err error) error {
	if err == nil || timeout == nil || errors.Is(err, timeout) || context.Cause(ctx) != timeout { //nolint:errorlint // the very one
		return err
	}
	return &timeoutOf{timeout, err}
}

// timeoutOf is what a timeout did.
type timeoutOf struct{ timeout, err error }

func (e *timeoutOf) Error() string   { return e.timeout.Error() + ": " + e.err.Error() }
func (e *timeoutOf) Unwrap() []error { return []error{e.timeout, e.err} }
func (*timeoutOf) Timeout() bool     { return true }

// lease keeps the context of a response until its body has been read to its end or closed;
// then end is called, perhaps several times. A timeout, if any, is named when it ends the body.
func lease(ctx context.Context, resp *http.Response, timeout error, end func()) *http.Response {
	if resp.Body == nil || resp.Body == http.NoBody {
		end()
		return resp
	}
	body := &leasedBody{resp.Body, ctx, timeout, end}
	w, writes := resp.Body.(io.Writer)
	half, halves := resp.Body.(writeCloser)
	switch {
	case writes && halves:
		resp.Body = leasedHalves{leasedConn{body, w}, half}
	case writes:
		resp.Body = leasedConn{body, w}
	default:
		resp.Body = body
	}
	return resp
}

type leasedBody struct {
	io.ReadCloser
	ctx     context.Context
	timeout error
	end     func()
}

func (b *leasedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		if err != io.EOF { //nolint:errorlint // what came whole is whole, however late it is read
			err = timedOut(b.ctx, b.timeout, err)
		}
		b.end()
	}
	return n, err
}

func (b *leasedBody) Close() error {
	defer b.end() // after closing: net/http gives up a connection whose request is cancelled
	return b.ReadCloser.Close()
}

// leasedConn is the body of a connection that changed its protocol.
type leasedConn struct {
	*leasedBody
	io.Writer
}

// leasedHalves is one whose writing half can be ended, as httputil.ReverseProxy does.
type leasedHalves struct {
	leasedConn
	writeCloser
}

type writeCloser interface{ CloseWrite() error }
