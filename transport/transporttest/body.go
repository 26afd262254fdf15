package transporttest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing/iotest"
)

var bodyRules = []rule{
	{
		name: "Body/ArrivesWhole", http2: true,
		says: "the server gets the whole body of a request, and its length where the caller knows it",
		check: func(e *env) {
			for _, kind := range bodyKinds {
				for _, size := range []int{1, 100 << 10} {
					s := e.serve(func(w http.ResponseWriter, r *http.Request) {
						if r.ContentLength != int64(size) {
							e.errorf("%s of %d bytes: the server is told of %d", kind.name, size, r.ContentLength)
						}
						echo(w, r)
					})
					text := strings.Repeat("x", size)
					s.expect(s.upload(e.ctx, kind, text).req, 200, text)
				}
			}
		},
	},
	{
		name: "Body/IsSentFromWhereItStands", http2: true,
		says: "what the caller has read of a body before the call is not sent",
		check: func(e *env) {
			s := e.serve(echo)
			u := s.upload(e.ctx, rewound, "header content")
			if _, err := io.CopyN(io.Discard, u.req.Body, int64(len("header "))); err != nil {
				e.fatalf("the suite itself: %v", err)
			}
			u.req.ContentLength = int64(len("content"))
			s.expect(u.req, 200, "content")
		},
	},
	{
		name: "Body/IsClosedAfterResponses", http2: true,
		says:  "the body of a request is closed when a response has come, whatever its status",
		check: func(e *env) { e.closesAfter(status(200), status(404), status(503)) },
	},
	{
		name: "Body/IsClosedAfterErrors", http2: true,
		says:  "the body of a request is closed when the connection breaks",
		check: func(e *env) { e.closesAfter(drop) },
	},
	{
		name: "Body/IsClosedWithoutConnection",
		says: "the body of a request is closed when there is no connection to send it on",
		check: func(e *env) {
			for _, kind := range bodyKinds {
				s := e.serve(echo)
				u := s.upload(e.ctx, kind, "content")
				u.req.URL.Host = nowhere
				_, err := s.do(u.req)
				if err == nil {
					e.errorf("no error from a server that is not there")
				}
				e.until(kind.name+" is closed", u.closed)
			}
		},
	},
	{
		name: "Body/IsClosedWhenCancelledBefore", http2: true,
		says: "the body of a request is closed when the context had ended before the call",
		check: func(e *env) {
			for _, kind := range bodyKinds {
				s := e.serve(echo)
				ctx, cancel := context.WithCancel(e.ctx)
				cancel()
				u := s.upload(ctx, kind, "content")
				_, _ = s.do(u.req) // its error is the matter of another rule
				e.until(kind.name+" is closed", u.closed)
			}
		},
	},
	{
		name: "Body/IsClosedWhenCancelledMeanwhile", http2: true,
		says: "the body of a request is closed when the context ends before the response",
		check: func(e *env) {
			for _, kind := range bodyKinds {
				reached := make(chan struct{})
				s := e.serve(func(http.ResponseWriter, *http.Request) { close(reached); e.hold(nil) })
				ctx, cancel := context.WithCancel(e.ctx)
				u := s.upload(ctx, kind, "content")
				_ = s.abort(u.req, reached, cancel)
				e.until(kind.name+" is closed", u.closed)
			}
		},
	},
	{
		name: "Body/IsClosedWhenNotRead", http2: true,
		says: "the body of a request is closed when the server answers without reading it",
		check: func(e *env) {
			for _, kind := range bodyKinds {
				s := e.serve(status(http.StatusRequestEntityTooLarge))
				u := s.upload(e.ctx, kind, strings.Repeat("x", 2<<20))
				_, _ = s.do(u.req) // the connection may break before the response is read
				e.until(kind.name+" is closed", u.closed)
			}
		},
	},
	{
		name: "Body/ErrorsOfReadingItComeBack", http2: true,
		says: "the error of a body that cannot be read is what the call ends with",
		check: func(e *env) {
			broken := errors.New("the caller's disk is broken")
			s := e.serve(echo)
			body := &watched{Reader: io.MultiReader(strings.NewReader("begin"), iotest.ErrReader(broken))}
			if _, err := s.do(s.request(http.MethodPut, body)); !errors.Is(err, broken) {
				e.errorf("the error is %v, want one that is %q", err, broken)
			}
			e.until("the body is closed", func() bool { return body.closes.Load() > 0 })
		},
	},
}

// closesAfter wants bodies of all kinds closed after each of the answers.
func (e *env) closesAfter(answers ...http.HandlerFunc) {
	for _, answer := range answers {
		s := e.script(answer)
		for _, kind := range bodyKinds {
			u := s.upload(e.ctx, kind, "content")
			_, _ = s.do(u.req) // how it ends does not matter
			e.until(kind.name+" is closed", u.closed)
		}
	}
}
