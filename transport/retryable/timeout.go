package retryable

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/goaroundhq/goaround/transport"
)

// timeoutStep bounds an exchange as the Timeout of an HTTPClient does: until its body is
// closed, which is longer than transport.WithAttemptTimeout.
type timeoutStep struct {
	next    http.RoundTripper
	timeout time.Duration
}

func within(timeout time.Duration) transport.Step {
	return func(next http.RoundTripper) http.RoundTripper {
		if timeout <= 0 {
			return next
		}
		return &timeoutStep{next: next, timeout: timeout}
	}
}

func (s *timeoutStep) CloseIdleConnections() { closeIdle(s.next) }

func (s *timeoutStep) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeoutCause(req.Context(), s.timeout, transport.ErrAttemptTimeout)
	resp, err := s.next.RoundTrip(req.WithContext(ctx))
	if err != nil || resp == nil || resp.Body == nil {
		err = named(ctx, err)
		cancel()
		return resp, err
	}
	body := &timedBody{resp.Body, ctx, cancel}
	conn, writes := resp.Body.(io.Writer) // the connection of another protocol
	half, halves := resp.Body.(writeCloser)
	switch {
	case writes && halves:
		resp.Body = timedHalves{timedConn{body, conn}, half}
	case writes:
		resp.Body = timedConn{body, conn}
	default:
		resp.Body = body
	}
	return resp, nil
}

// named says that it was the timeout, if it was.
func named(ctx context.Context, err error) error {
	if err == nil || context.Cause(ctx) != transport.ErrAttemptTimeout { //nolint:errorlint // the very one
		return err
	}
	return &timeoutError{err}
}

// timedBody keeps the context of an exchange until it has been read or closed.
type timedBody struct {
	io.ReadCloser
	ctx    context.Context
	cancel context.CancelFunc
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		b.cancel()
		return n, err
	}
	return n, named(b.ctx, err)
}

func (b *timedBody) Close() error {
	defer b.cancel() // after closing: net/http gives up a connection whose request is cancelled
	return b.ReadCloser.Close()
}

type timedConn struct {
	*timedBody
	io.Writer
}

// timedHalves is one whose writing half can be ended.
type timedHalves struct {
	timedConn
	writeCloser
}

type writeCloser interface{ CloseWrite() error }
