package servertest

import (
	"net/http"
	"runtime"
	"strconv"
	"strings"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// fate is what a repetition of a request gets, by how the first one ended.
type fate struct {
	name string // of the rule: the ending, then this
	want func(s *service, first reply)
}

var (
	// replayed: the same response, and no run.
	replayed = fate{"IsReplayed", func(s *service, first reply) {
		again := s.post("k")
		s.expect(again, first.status, first.body)
		if !again.replayed() {
			s.Error("the response is not marked as replayed")
		}
		s.expectRuns(1)
	}}
	// unknown: the operation is never run again, and the client is told why.
	unknown = fate{"IsUnknown", func(s *service, _ reply) {
		s.untilUnknown("k")
		s.untilUnknown("k")
		s.expectRuns(1)
	}}
	// notStored: the operation is known to be done, its response is not there.
	notStored = fate{"IsNotStoredAndNotRunAgain", func(s *service, _ reply) {
		s.expectNotStored(s.settled("k"))
		s.expectRuns(1)
	}}
	// again: it runs once more, and knows that it is not the first.
	again = fate{"IsRunAgain", func(s *service, _ reply) { s.expectSecondRun(2) }}
	// forgotten: it runs as if it had never been asked for.
	forgotten = fate{"IsForgotten", func(s *service, _ reply) { s.expectSecondRun(1) }}
)

// expectSecondRun repeats a request that runs once more, and then no more.
func (s *service) expectSecondRun(attempt int) {
	s.Helper()
	second := s.post("k")
	s.expectAttempt(second, attempt)
	if second.replayed() {
		s.Error("the second run is marked as a replay")
	}
	if third := s.post("k"); !third.replayed() {
		s.Errorf("%v is not a replay of the second run", third)
	}
	s.expectRuns(2)
}

// endings are the ways in which a handler can end, and what the guarantee makes of each.
var endings = []struct {
	name        string
	handler     http.HandlerFunc
	status      int // that the client gets; 0 when it gets no whole response
	atMostOnce  fate
	atLeastOnce fate
}{
	{"200", withStatus(200), 200, replayed, replayed},
	{"201", withStatus(201), 201, replayed, replayed},
	{"204", withStatus(204), 204, replayed, replayed},
	{"303", withStatus(303), 303, replayed, replayed},
	{"400", withStatus(400), 400, replayed, replayed},
	{"404", withStatus(404), 404, replayed, replayed},
	{"409", withStatus(409), 409, replayed, replayed},
	{"422", withStatus(422), 422, replayed, replayed},
	{"408", withStatus(408), 408, forgotten, forgotten},
	{"425", withStatus(425), 425, forgotten, forgotten},
	{"429", withStatus(429), 429, forgotten, forgotten},
	{"503", withStatus(503), 503, forgotten, forgotten},
	{"500", withStatus(500), 500, replayed, again},
	{"502", withStatus(502), 502, replayed, again},
	{"504", withStatus(504), 504, replayed, again},
	{"Panic", func(http.ResponseWriter, *http.Request) { panic("crash") }, 0, unknown, again},
	{"Abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0, unknown, again},
	{"Goexit", func(http.ResponseWriter, *http.Request) { runtime.Goexit() }, 0, unknown, again},
	{"PanicAfterTheResponse", func(w http.ResponseWriter, r *http.Request) {
		created(w, r)
		panic("crash")
	}, 0, unknown, again},
	{"PanicInAStream", func(w http.ResponseWriter, r *http.Request) {
		created(w, r)
		_ = http.NewResponseController(w).Flush()
		panic("crash")
	}, 0, unknown, again},
	{"SaidUnknown", func(w http.ResponseWriter, r *http.Request) {
		server.OutcomeUnknown(r.Context())
		w.WriteHeader(http.StatusBadGateway)
	}, 502, unknown, again},
	{"SaidUnknownWith200", func(_ http.ResponseWriter, r *http.Request) {
		server.OutcomeUnknown(r.Context())
	}, 200, unknown, again},
	{"SaidNothingHappened", func(w http.ResponseWriter, r *http.Request) {
		server.NothingHappened(r.Context())
		w.WriteHeader(http.StatusInternalServerError)
	}, 500, forgotten, forgotten},
	{"SaidNothingHappenedThenPanic", func(_ http.ResponseWriter, r *http.Request) {
		server.NothingHappened(r.Context())
		panic("crash")
	}, 0, forgotten, forgotten},
	{"Oversize", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(strings.Repeat("x", server.DefaultMaxBody+1)))
	}, 200, notStored, notStored},
	{"Hijack", func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
			_ = conn.Close()
		}
	}, 200, notStored, notStored},
}

func withStatus(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		if status != http.StatusNoContent {
			_, _ = w.Write([]byte("response " + strconv.Itoa(status)))
		}
	}
}

// guaranteeRules are the table of endings, once for each guarantee.
func guaranteeRules() []rule {
	var rules []rule
	for _, end := range endings {
		for _, c := range []struct {
			name      string
			guarantee idem.Guarantee
			fate      fate
		}{{"AtMostOnce/", idem.AtMostOnce, end.atMostOnce}, {"AtLeastOnce/", idem.AtLeastOnce, end.atLeastOnce}} {
			rules = append(rules, rule{c.name + end.name + c.fate.name, func(e *env) {
				s := e.serveFirst(end.handler, c.guarantee)
				first := s.post("k")
				if whole := first.err == nil; whole != (end.status != 0) || whole && first.status != end.status {
					e.Errorf("first response %v, want %d", first, end.status)
				}
				c.fate.want(s, first)
			}})
		}
	}
	return rules
}

// serveFirst starts a service whose first run is h; the others place the order.
func (e *env) serveFirst(h http.HandlerFunc, guarantee idem.Guarantee) *service {
	e.Helper()
	var s *service
	s = e.serve(func(w http.ResponseWriter, r *http.Request) {
		if s.runs.Load() == 1 {
			h(w, r)
			return
		}
		attempted(w, r)
	}, server.WithGuard(idem.WithGuarantee(guarantee)))
	return s
}
