package servertest

import (
	"net/http"
	"sync/atomic"

	"github.com/goaroundhq/goaround/server"
)

var endingRules = []rule{
	{name: "Ending/PanicGoesOnAndNothingWasSent", check: func(e *env) {
		var caught atomic.Value
		outer := func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer func() {
					if value := recover(); value != nil {
						caught.Store(value)
						http.Error(w, "sorry", http.StatusInternalServerError)
					}
				}()
				next.ServeHTTP(w, r)
			})
		}
		s := e.serveBehind(outer, func(w http.ResponseWriter, r *http.Request) {
			created(w, r)
			panic("crash")
		})
		s.expect(s.post("k"), http.StatusInternalServerError, "sorry\n")
		if got := caught.Load(); got != "crash" {
			e.Errorf("middleware outside saw %v, want the handler's panic", got)
		}
		s.untilUnknown("k")
		s.expectRuns(1)
	}},
	{name: "Ending/OwnChoiceOfStatusesThatMeanNothing", check: func(e *env) {
		s := e.serve(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Idempotency-Key") == "conflict" {
				w.WriteHeader(http.StatusConflict)
			} else {
				w.WriteHeader(http.StatusTooManyRequests)
			}
		}, server.WithNothingHappened(func(status int) bool { return status == http.StatusConflict }))
		for range 2 {
			s.expect(s.post("conflict"), http.StatusConflict, "")
		}
		s.expectRuns(2)
		for range 2 { // it is a choice of all of them
			s.expect(s.post("too many"), http.StatusTooManyRequests, "")
		}
		s.expectRuns(3)
	}},
}
