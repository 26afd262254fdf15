package servertest

import (
	"context"
	"io"
	"net/http"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// The commonest fatal bug of its kind: the client hangs up, and the result is lost.
var clientRules = []rule{
	{name: "Client/GoneWhileItRunsIsStored", check: func(e *env) {
		s := e.hungUpOn(e.serve, created)
		s.expectReplay(s.settled("k"))
		s.expectRuns(1)
	}},
	{name: "Client/GoneAndThenA4xxIsStored", check: func(e *env) {
		s := e.hungUpOn(e.serve, withStatus(http.StatusPaymentRequired))
		s.expect(s.settled("k"), http.StatusPaymentRequired, "response 402")
		s.expectRuns(1)
	}},
	{name: "Client/GoneAndThenA5xxIsUnknown", check: func(e *env) {
		// As when a database call fails because of the context: how far had it come?
		s := e.hungUpOn(e.serve, withStatus(http.StatusInternalServerError))
		s.untilUnknown("k")
		s.expectRuns(1)
	}},
	{name: "Client/GoneInAStreamGetsNoHalfForTheWhole", check: func(e *env) {
		started, gone := make(chan struct{}), make(chan struct{})
		s := e.serve(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // net/http looks for what comes after it
			_, _ = io.WriteString(w, "first ")
			_ = http.NewResponseController(w).Flush()
			close(started)
			e.hold(r.Context().Done())
			close(gone)
			_, _ = io.WriteString(w, "second")
		})
		ctx, hangUp := context.WithCancel(e.Context())
		defer hangUp()
		first := s.begin("k", within(ctx))
		await(e, "the handler", started)
		hangUp()
		await(e, "the handler to see that the client has gone", gone)
		if r := await(e, "the first response", first); r.err == nil {
			e.Errorf("the client that hung up got %v", r)
		}
		s.expectNotStored(s.settled("k"))
		s.expectRuns(1)
	}},
}

// serving is a way to start a service, such as env.serve.
type serving = func(http.HandlerFunc, ...server.Option) *service

// hungUpOn starts a service and a request to it, whose client hangs up while it runs. h goes
// on when it can see that.
func (e *env) hungUpOn(serve serving, h http.HandlerFunc) *service {
	e.Helper()
	started, goOn := make(chan struct{}), make(chan struct{})
	s := serve(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // net/http looks for what comes after it
		close(started)
		e.hold(r.Context().Done())
		e.hold(goOn)
		h(w, r)
	})
	ctx, hangUp := context.WithCancel(e.Context())
	defer hangUp()
	first := s.begin("k", within(ctx))
	await(e, "the handler", started)
	hangUp()
	if r := await(e, "the client to hang up", first); r.err == nil {
		e.Errorf("the client that hung up got %v", r)
	}
	s.expectProblem(s.post("k"), http.StatusConflict, idem.InProgress)
	close(goOn)
	return s
}
