package servertest

import (
	"net/http"

	"github.com/goaroundhq/goaround/idem"
)

var timeoutRules = []rule{
	{name: "Timeout/OutsideLosesNothing", check: func(e *env) {
		goOn := make(chan struct{})
		handler := func(w http.ResponseWriter, r *http.Request) {
			e.hold(r.Context().Done()) // the time is over
			e.hold(goOn)
			created(w, r)
		}
		s := e.serveBehind(timeout(e), handler)
		patient := e.serve(created)
		// On a busy machine the time can be over before the handler is reached.
		r := s.until("a run", "k", func(reply) bool { return s.runs.Load() > 0 })
		if !r.says(idem.InProgress) {
			s.expect(r, http.StatusServiceUnavailable, "too slow")
		}
		patient.expectProblem(patient.post("k"), http.StatusConflict, idem.InProgress)
		close(goOn)
		patient.expectReplay(patient.settled("k"))
		s.expectRuns(1)
		patient.expectRuns(0)
	}},
	{name: "Timeout/InsideFreesTheKeyTooEarly", check: func(e *env) {
		// Not a promise but a warning: http.TimeoutHandler answers 503, which means that
		// nothing happened, while its handler goes on. The middleware cannot see that, and
		// the next request runs beside the first.
		goOn := make(chan struct{})
		defer close(goOn)
		running := make(chan struct{}, 2)
		slow := timeout(e)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			running <- struct{}{}
			e.hold(goOn)
		}))
		s := e.serve(slow.ServeHTTP)
		for range 2 {
			s.expect(s.post("k"), http.StatusServiceUnavailable, "too slow")
			await(e, "the handler", running)
		}
		s.expectRuns(2)
	}},
}

func timeout(e *env) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler { return http.TimeoutHandler(next, e.unit, "too slow") }
}
