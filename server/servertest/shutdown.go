package servertest

import (
	"net/http"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

var shutdownRules = []rule{
	{name: "Shutdown/WaitsUntilTheResponseIsStored", check: func(e *env) {
		s, first, goOn := e.underWay()
		stopped := make(chan error, 1)
		go func() { stopped <- s.server.Config.Shutdown(e.Context()) }()
		other := e.serve(created)
		other.expectProblem(other.post("k"), http.StatusConflict, idem.InProgress)
		close(goOn)
		e.ok("Shutdown", await(e, "the end of the server", stopped))
		other.expectReplay(other.post("k"))
		s.expectCreated(await(e, "the first response", first))
		other.expectRuns(0)
	}},
	{name: "Shutdown/HandlerThatIsCutShortSaysSoAtOnce", check: func(e *env) {
		// Nobody has to wait for its lease.
		started := make(chan struct{})
		s := e.serve(func(_ http.ResponseWriter, r *http.Request) {
			close(started)
			e.hold(r.Context().Done())
			server.OutcomeUnknown(r.Context())
		})
		first := s.begin("k", func(r *http.Request) { r.Body, r.ContentLength = http.NoBody, 0 })
		await(e, "the handler", started)
		e.ok("Close", s.server.Config.Close())
		if r := await(e, "the first response", first); r.err == nil {
			e.Errorf("%v from a server that was closed", r)
		}
		other := e.serve(created)
		other.untilUnknown("k")
		other.expectRuns(0)
	}},
}
