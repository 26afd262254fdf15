package servertest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

var outageRules = []rule{
	{name: "Outage/BeforeTheRunIsRefusedAndNothingRuns", check: func(e *env) { e.refused(errDown) }},
	{name: "Outage/FullBeforeTheRunIsRefusedAndNothingRuns", check: func(e *env) { e.refused(idem.ErrFull) }},
	{name: "Outage/HungStoreIsRefusedInTime", check: func(e *env) {
		s, wire := e.machine(created, server.WithGuard(idem.WithStoreTimeout(e.unit/4)))
		wire.refuse(func(ctx context.Context, _ step) error {
			<-ctx.Done()
			return ctx.Err()
		})
		s.expectProblem(s.post("k"), http.StatusServiceUnavailable, idem.StoreUnavailable)
		s.expectRuns(0)
	}},
	{name: "Outage/FailOpenRunsAndSaysUnprotected", check: func(e *env) {
		s, wire := e.machine(created, server.WithFailOpen())
		wire.refuse(down)
		for range 2 {
			r := s.post("k")
			s.expectCreated(r)
			if !r.says(idem.Unprotected) {
				e.Errorf("marked %q", r.header.Get(idem.StatusHeader))
			}
		}
		s.expectRuns(2)
		s.expectOutcomes(server.Unprotected, server.Unprotected)
	}},
	{name: "Outage/ShortAtTheEndIsOutlived", check: func(e *env) {
		s, wire := e.machine(created)
		wire.refuse(times(2, errDown, completing))
		s.expectCreated(s.post("k"))
		if a := s.lastAnswer(); a.Err != nil {
			e.Errorf("the observer was told %v", a.Err)
		}
		s.expectReplay(s.post("k"))
		s.expectRuns(1)
	}},
	{name: "Outage/LongAtTheEndIsAnsweredAndNeverRunAgain", check: func(e *env) {
		s := e.endInAnOutage(created)
		s.expectCreated(s.post("k"))
		if a := s.lastAnswer(); !errors.Is(a.Err, errDown) || a.Outcome != server.Executed {
			e.Errorf("the observer was told %+v", a)
		}
		s.untilUnknown("k")
		s.expectRuns(1)
	}},
	{name: "Outage/LongAtTheEndIsRunAgainAtLeastOnce", check: func(e *env) {
		s := e.endInAnOutage(attempted, idem.WithGuarantee(idem.AtLeastOnce))
		s.expectAttempt(s.post("k"), 1)
		again := e.serve(attempted, server.WithGuard(idem.WithGuarantee(idem.AtLeastOnce)))
		again.expectAttempt(again.settled("k"), 2)
	}},
	{name: "Outage/PanicThatCannotBeToldIsUnknown", check: func(e *env) {
		s := e.endInAnOutage(func(http.ResponseWriter, *http.Request) { panic("crash") })
		s.post("k")
		s.untilUnknown("k")
		s.expectRuns(1)
	}},
	{name: "Outage/NothingHappenedThatCannotBeToldIsUnknown", check: func(e *env) {
		s := e.endInAnOutage(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) })
		s.expect(s.post("k"), http.StatusTooManyRequests, "")
		s.untilUnknown("k")
		s.expectRuns(1)
	}},
	{name: "Outage/LostAnswerToTheClaimDoesNotBlockTheKey", check: func(e *env) {
		s, wire := e.machine(attempted)
		wire.lose(times(1, errDown, claiming))
		s.expectProblem(s.post("k"), http.StatusServiceUnavailable, idem.StoreUnavailable)
		s.expectRuns(0)
		s.expectAttempt(s.settled("k"), 1)
		s.expectRuns(1)
	}},
	{name: "Outage/LostAnswerToTheEndingIsNoLoss", check: lostEndings},
	{name: "Outage/CommandsSentTwiceCountOnce", check: func(e *env) {
		s := e.serveOn(resending{e.store}, attempted)
		s.expectAttempt(s.post("k"), 1)
		if r := s.post("k"); !r.replayed() {
			e.Errorf("%v is not a replay", r)
		}
		s.expectRuns(1)
	}},
	{name: "Outage/NoRoomForTheResponseIsDoneWithoutIt", check: func(e *env) {
		s, wire := e.machine(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1000)) })
		wire.refuse(func(_ context.Context, made step) error {
			if made.size > idem.MinRecord {
				return idem.ErrFull
			}
			return nil
		})
		s.expect(s.post("k"), http.StatusOK, string(make([]byte, 1000)))
		if a := s.lastAnswer(); !errors.Is(a.Err, idem.ErrFull) {
			e.Errorf("the observer was told %v, want ErrFull", a.Err)
		}
		s.expectNotStored(s.post("k"))
		s.expectRuns(1)
	}},
}

// refused fails the claim. The client is told so, before anything happens, and can come back
// with the same key.
func (e *env) refused(err error) {
	s, wire := e.machine(created)
	wire.refuse(always(err, claiming))
	r := s.post("k")
	s.expectProblem(r, http.StatusServiceUnavailable, idem.StoreUnavailable)
	if r.header.Get("Retry-After") == "" {
		e.Error("no Retry-After")
	}
	if strings.Contains(r.body, err.Error()) {
		e.Errorf("the client is told what is inside: %s", r.body)
	}
	s.expectRuns(0)
	if a := s.lastAnswer(); !errors.Is(a.Err, err) {
		e.Errorf("the observer was told %v, want %v", a.Err, err)
	}
	wire.refuse(up)
	s.expectCreated(s.settled("k"))
	s.expectReplay(s.post("k"))
	s.expectRuns(1)
}

// endInAnOutage starts a service whose store can be asked for a claim, and for nothing else.
func (e *env) endInAnOutage(h http.HandlerFunc, opts ...idem.GuardOption) *service {
	e.Helper()
	opts = append(opts, idem.WithLease(2*e.unit), idem.WithFinishTimeout(time.Second)) // the outage is longer
	s, wire := e.machine(h, server.WithGuard(opts...))
	wire.refuse(always(errDown, extending, completing, releasing, abandoning))
	return s
}

// lostEndings takes the ending, loses the answer, and is asked again by the middleware.
func lostEndings(e *env) {
	refusing := true
	s, wire := e.machine(func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get(idem.Header) {
		case "unknown":
			server.OutcomeUnknown(r.Context())
		case "nothing":
			if refusing {
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
		}
		created(w, r)
	})
	wire.lose(times(1, errDown, completing))
	s.expectCreated(s.post("done"))
	s.expectReplay(s.post("done"))
	s.expectRuns(1)

	wire.lose(times(1, errDown, abandoning))
	s.expectCreated(s.post("unknown"))
	s.untilUnknown("unknown")
	s.expectRuns(2)

	wire.lose(times(1, errDown, releasing))
	s.expect(s.post("nothing"), http.StatusTooManyRequests, "")
	refusing = false
	s.expectCreated(s.post("nothing"))
	s.expectRuns(4)
	for _, a := range s.allAnswers() {
		if a.Outcome == server.Executed && a.Err != nil {
			e.Errorf("the observer was told %v of what has ended well", a.Err)
		}
	}
}
