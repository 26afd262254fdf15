package faults

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"
)

// Fault is what happens to a request instead of next.RoundTrip(req), which it may call. As
// a RoundTripper must, it leaves the request unchanged, closes its body, and returns either a
// response or an error. r is for what is random about it, and must not be kept.
type Fault func(req *http.Request, next http.RoundTripper, r *rand.Rand) (*http.Response, error)

// None lets the request pass: a line in a [Script].
func None() Fault {
	return func(req *http.Request, next http.RoundTripper, _ *rand.Rand) (*http.Response, error) {
		return next.RoundTrip(req)
	}
}

// Latency holds the request up for a random time, at least shortest and at most longest,
// before it is sent. A context that ends meanwhile ends the wait with its error; with
// a very long one, that is a server that never answers. It panics when shortest is negative
// or longer than longest.
func Latency(shortest, longest time.Duration) Fault {
	if shortest < 0 || shortest > longest {
		panic(fmt.Sprintf("faults: Latency(%v, %v): must be from a shortest, not negative, to a longest", shortest, longest))
	}
	return func(req *http.Request, next http.RoundTripper, r *rand.Rand) (*http.Response, error) {
		delay := shortest + time.Duration(r.Float64()*float64(longest-shortest))
		if err := sleep(req.Context(), delay); err != nil {
			closeBody(req)
			return nil, err
		}
		return next.RoundTrip(req)
	}
}

// Status answers with a status and header fields, given as pairs, before the request reaches
// a server. The body is the status text, but for statuses that have none, and its Content-Type
// text/plain if none is given. It panics when code is not between 200 and 599 or fields are not pairs.
func Status(code int, fields ...string) Fault {
	if code < 200 || code > 599 || len(fields)%2 != 0 {
		panic(fmt.Sprintf("faults: Status(%d, %q): must be a final status, and pairs of name and value", code, fields))
	}
	header := make(http.Header)
	for i := 0; i < len(fields); i += 2 {
		header.Add(fields[i], fields[i+1])
	}
	if header["Content-Type"] == nil {
		header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	return func(req *http.Request, _ http.RoundTripper, _ *rand.Rand) (*http.Response, error) {
		closeBody(req)
		resp := &http.Response{
			Status: fmt.Sprintf("%d %s", code, http.StatusText(code)), StatusCode: code,
			Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: header.Clone(), Body: http.NoBody, Request: req,
		}
		text := []byte(http.StatusText(code))
		if code == http.StatusNoContent || code == http.StatusNotModified {
			return resp, nil
		}
		resp.ContentLength = int64(len(text))
		if req.Method != http.MethodHead {
			resp.Body = io.NopCloser(bytes.NewReader(text))
		}
		return resp, nil
	}
}

// Refuse fails as a server that does not listen: nothing was sent, and the client can know
// it.
func Refuse() Fault { return fail("dial", "connect", syscall.ECONNREFUSED) }

// Reset breaks the connection before the request is sent. The server has not seen it, but
// the client cannot tell.
func Reset() Fault { return fail("write", "write", syscall.ECONNRESET) }

func fail(op, call string, errno syscall.Errno) Fault {
	return func(req *http.Request, _ http.RoundTripper, _ *rand.Rand) (*http.Response, error) {
		closeBody(req)
		return nil, broken(op, call, errno)
	}
}

// broken is an error of a TCP connection in the shape that package net gives it.
func broken(op, call string, errno syscall.Errno) error {
	return &net.OpError{Op: op, Net: "tcp", Err: os.NewSyscallError(call, errno)}
}

// LoseResponse breaks the connection after the server has acted: the request is sent, and
// its response thrown away.
func LoseResponse() Fault {
	return func(req *http.Request, next http.RoundTripper, _ *rand.Rand) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // the handler should come to its end
		_ = resp.Body.Close()
		return nil, broken("read", "read", syscall.ECONNRESET)
	}
}

// Truncate breaks the connection within the body of the response: after n bytes, reading
// gives io.ErrUnexpectedEOF. A body that is not longer stays whole. It panics when n is
// negative.
func Truncate(n int64) Fault {
	if n < 0 {
		panic(fmt.Sprintf("faults: Truncate(%d): must not be negative", n))
	}
	return func(req *http.Request, next http.RoundTripper, _ *rand.Rand) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err == nil {
			resp.Body = &truncated{ReadCloser: resp.Body, left: n}
		}
		return resp, err
	}
}

// truncated is a body that ends too early.
type truncated struct {
	io.ReadCloser
	left int64
	cut  bool
}

func (t *truncated) Read(p []byte) (int, error) {
	if t.left > 0 {
		p = p[:min(int64(len(p)), t.left)]
		n, err := t.ReadCloser.Read(p)
		t.left -= int64(n)
		return n, err
	}
	if t.cut {
		return 0, io.ErrUnexpectedEOF
	}
	var more [1]byte
	n, err := t.ReadCloser.Read(more[:])
	if n > 0 {
		t.cut = true
		return 0, io.ErrUnexpectedEOF
	}
	return 0, err
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}
