package transporttest

import (
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync"
)

var traceRules = []rule{
	{
		name: "Trace/OfTheCallerIsCalled", http2: true,
		says: "the caller's httptrace.ClientTrace is told of connection, request and response",
		check: func(e *env) {
			var told sync.Map
			trace := &httptrace.ClientTrace{
				GotConn:              func(httptrace.GotConnInfo) { told.Store("GotConn", true) },
				WroteHeaders:         func() { told.Store("WroteHeaders", true) },
				WroteRequest:         func(httptrace.WroteRequestInfo) { told.Store("WroteRequest", true) },
				GotFirstResponseByte: func() { told.Store("GotFirstResponseByte", true) },
			}
			s := e.script(status(200))
			s.expect(s.requestWith(httptrace.WithClientTrace(e.ctx, trace), http.MethodGet, nil), 200, content(200))
			for _, name := range []string{"GotConn", "WroteHeaders", "WroteRequest", "GotFirstResponseByte"} {
				e.until(name+" was called", func() bool { _, ok := told.Load(name); return ok })
			}
		},
	},
	{
		name: "Trace/InformationalResponses", http2: true,
		says: "the caller is told of responses 1xx, and gets the final one",
		check: func(e *env) {
			var told sync.Map
			trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
				told.Store(code, header.Get("Link"))
				return nil
			}}
			s := e.script(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Link", "</style.css>")
				w.WriteHeader(http.StatusEarlyHints)
				status(200)(w, r)
			})
			s.expect(s.requestWith(httptrace.WithClientTrace(e.ctx, trace), http.MethodGet, nil), 200, content(200))
			if link, _ := told.Load(http.StatusEarlyHints); link != "</style.css>" {
				e.errorf("the caller was told of 103 with %v", link)
			}
		},
	},
	{
		name: "Trace/BodyWaitsForContinue",
		says: "with Expect: 100-continue, a body is sent when the server asks for it, and is not touched when it declines",
		check: func(e *env) {
			s := e.serve(echo)
			u := s.upload(e.ctx, onceOnly, "content")
			u.req.Header.Set("Expect", "100-continue")
			s.expect(u.req, 200, "content")

			s = e.serve(status(http.StatusExpectationFailed))
			u = s.upload(e.ctx, onceOnly, strings.Repeat("x", 1<<10))
			u.req.Header.Set("Expect", "100-continue")
			s.expect(u.req, http.StatusExpectationFailed, content(http.StatusExpectationFailed))
			if n := u.read(); n > 0 {
				e.errorf("%d bytes were read of a body that the server had declined", n)
			}
			e.until("the body is closed", u.closed)
		},
	},
}
