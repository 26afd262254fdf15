package transporttest_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/goaroundhq/goaround/transport/transporttest"
)

// naive is a retrying RoundTripper that is lawful, and as small as that can be. Its parts
// are fields, for tests to replace each by a broken one.
type naive struct {
	next    http.RoundTripper
	buffers bool // bodies with GetBody, too
	again   func(req *http.Request, resp *http.Response, err error) bool
	reopen  func(*body) (io.ReadCloser, error)
	change  func(*http.Request) // each attempt's
	discard func(*http.Response)
	pause   func(*http.Response) time.Duration
	sleep   func(context.Context, time.Duration) bool
	end     func(*http.Response, error) (*http.Response, error)
}

func newNaive(next http.RoundTripper) *naive {
	return &naive{
		next: next, again: mayRepeat, reopen: (*body).reopen, change: func(*http.Request) {}, discard: drain, pause: pause, sleep: sleep,
		end: func(resp *http.Response, err error) (*http.Response, error) { return resp, err },
	}
}

func (n *naive) CloseIdleConnections() {
	n.next.(interface{ CloseIdleConnections() }).CloseIdleConnections()
}

func (n *naive) RoundTrip(req *http.Request) (*http.Response, error) {
	b := newBody(req, n.buffers)
	for attempt := 1; ; attempt++ {
		send := req.Clone(req.Context())
		if req.Body != nil && req.Body != http.NoBody && (attempt > 1 || n.buffers) {
			var err error
			if send.Body, err = n.reopen(b); err != nil {
				return nil, err
			}
		}
		n.change(send)
		resp, err := n.next.RoundTrip(send)
		if attempt == 3 || !n.again(req, resp, err) || !b.repeatable {
			return n.end(resp, err)
		}
		if d := n.pause(resp); !n.sleep(req.Context(), d) {
			return n.end(resp, err)
		}
		if resp != nil {
			n.discard(resp)
		}
	}
}

// body is what is known of a request's body.
type body struct {
	req        *http.Request
	held       []byte // of it, when it is buffered
	repeatable bool
}

func newBody(req *http.Request, buffers bool) *body {
	b := &body{req: req, repeatable: req.Body == nil || req.GetBody != nil}
	if req.Body != nil && buffers {
		b.held, _ = io.ReadAll(req.Body)
		b.repeatable = true
		_ = req.Body.Close()
	}
	return b
}

func (b *body) reopen() (io.ReadCloser, error) {
	if b.held != nil {
		return io.NopCloser(bytes.NewReader(b.held)), nil
	}
	return b.req.GetBody()
}

func mayRepeat(req *http.Request, resp *http.Response, err error) bool {
	var untrusted *tls.CertificateVerificationError
	if req.Method == http.MethodPost && req.Header.Get("Idempotency-Key") == "" || req.Context().Err() != nil || errors.As(err, &untrusted) {
		return false
	}
	return err != nil || resp.StatusCode == http.StatusServiceUnavailable
}

func drain(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, 4<<10)
	_ = resp.Body.Close()
}

func pause(resp *http.Response) time.Duration {
	if resp == nil || resp.Header.Get("Retry-After") == "" {
		return time.Millisecond
	}
	after := resp.Header.Get("Retry-After")
	if seconds, err := strconv.ParseInt(after, 10, 64); err == nil {
		return time.Duration(min(seconds, math.MaxInt64/int64(time.Second))) * time.Second
	}
	at, _ := http.ParseTime(after)
	date, _ := http.ParseTime(resp.Header.Get("Date"))
	return at.Sub(date)
}

// sleep does so, unless the context would end before.
func sleep(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < d {
		return false
	}
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// naively is a target with some parts of a naive one replaced.
func naively(breakIt func(*naive)) transporttest.Target {
	return transporttest.Target{Retries: true, New: func(base http.RoundTripper) http.RoundTripper {
		n := newNaive(base)
		breakIt(n)
		return n
	}}
}
