package servertest

import (
	"io"
	"net/http"

	"github.com/goaroundhq/goaround/server"
)

// One connection carries many requests here, and ends with none of them.
var http2Rules = []rule{
	{name: "HTTP2/RunsOnceAndReplays", check: func(e *env) {
		s := e.serveHTTP2(created)
		s.expectCreated(s.post("k"))
		s.expectReplay(s.post("k"))
		s.expectRuns(1)
	}},
	{name: "HTTP2/PanicIsUnknown", check: func(e *env) {
		s := e.serveHTTP2(func(http.ResponseWriter, *http.Request) { panic("crash") })
		if r := s.post("k"); r.err == nil {
			e.Errorf("%v from a handler that panicked", r)
		}
		s.untilUnknown("k")
		s.expectRuns(1)
	}},
	{name: "HTTP2/ClientGoneIsStored", check: func(e *env) {
		s := e.hungUpOn(e.serveHTTP2, created)
		s.expectReplay(s.settled("k"))
		s.expectRuns(1)
	}},
	{name: "HTTP2/StreamIsReplayed", check: func(e *env) {
		s := e.serveHTTP2(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "first ")
			_ = http.NewResponseController(w).Flush()
			_, _ = io.WriteString(w, "second")
		})
		s.expect(s.post("k"), http.StatusOK, "first second")
		s.expect(s.settled("k"), http.StatusOK, "first second")
		s.expectRuns(1)
	}},
}

// serveHTTP2 starts a service that speaks HTTP/2.
func (e *env) serveHTTP2(h http.HandlerFunc, opts ...server.Option) *service {
	e.Helper()
	s := &service{env: e}
	s.open(s.guard(e.store, h, opts...))
	s.server.EnableHTTP2 = true
	s.server.StartTLS()
	s.connect(s.server.Client().Transport)
	return s
}
