package transport

import (
	"context"
	"net/http/httptrace"
	"sync/atomic"
)

// sending watches an attempt of a request that must not be sent twice: without a
// connection, the server cannot have seen it. Whether a byte was written to one that was
// there is not known for sure with HTTP/2, where net/http tells of the header only after it
// was sent; so to have a connection counts as sent.
type sending struct {
	asked, got atomic.Bool // for a connection
}

// watch returns a context whose trace s is, beside that of the caller.
func (s *sending) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { s.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { s.got.Store(true) },
	})
}

// unsent reports whether the attempt certainly had no connection. A RoundTripper that
// does not call traces leaves it open.
func (s *sending) unsent() bool { return s != nil && s.asked.Load() && !s.got.Load() }

// sent reports whether the attempt had a connection.
func (s *sending) sent() bool { return s != nil && s.got.Load() }
