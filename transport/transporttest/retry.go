package transporttest

import (
	"context"
	"io"
	"net/http"
	"strings"
)

// retryRules are those for a target that tries calls again.
var retryRules = []rule{
	{
		name: "Retry/ComesToTheSuccess",
		says: "a GET is tried again after a 503 and after a broken connection, until it succeeds",
		check: func(e *env) {
			s := e.script(status(503), status(503), status(200))
			s.expect(s.request(http.MethodGet, nil), 200, content(200))
			s = e.script(drop, status(200))
			s.expect(s.request(http.MethodGet, nil), 200, content(200))
		},
	},
	{
		name: "Retry/LastResponseComesBack",
		says: "when no attempt succeeds, the last response comes back, readable and with a nil error",
		check: func(e *env) {
			s := e.script(status(503, "X-Mine", "1"))
			r := s.expect(s.request(http.MethodGet, nil), 503, content(503))
			if r.Header.Get("X-Mine") != "1" {
				e.errorf("its header is %v", r.Header)
			}
			if n := len(s.seen()); n < 2 {
				e.errorf("it was tried %d times: the target does not do what Retries says", n)
			}
		},
	},
	{
		name: "Retry/ResponsesAreClosed",
		says: "every response that does not come back is closed before the call ends",
		check: func(e *env) {
			s := e.script(status(503), status(503), status(200))
			s.tap.watch = true
			resp, err := s.send(s.request(http.MethodGet, nil))
			if err != nil {
				e.fatalf("GET: %v", err)
			}
			if n := s.tap.unclosed(); n != 1 {
				e.errorf("%d responses are open, want the one that came back", n)
			}
			_ = resp.Body.Close()
		},
	},
	{
		name: "Retry/ConnectionIsUsedAgain",
		says: "responses that do not come back are read, so that the next attempt has their connection",
		check: func(e *env) {
			s := e.serve(alternately(status(503), status(200)))
			for range calls {
				s.expect(s.request(http.MethodGet, nil), 200, content(200))
			}
			s.wantFewConnections()
		},
	},
	{
		name: "Retry/LargeResponsesAreNotReadToTheEnd",
		says: "an endless response that does not come back does not hold up the next attempt",
		check: func(e *env) {
			s := e.serve(alternately(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusServiceUnavailable)
				_, _ = io.Copy(w, io.LimitReader(zeros{}, 1<<40))
			}, status(200)))
			done := make(chan struct{})
			go func() {
				defer close(done)
				defer e.recovered()
				s.expect(s.request(http.MethodGet, nil), 200, content(200))
			}()
			e.came("the next attempt after an endless response", done)
		},
	},
	{
		name: "Retry/PostWithoutKeyIsNotRepeated",
		says: "a POST that may have had its effect is not sent twice, unless both have the same idempotency key",
		check: func(e *env) {
			for _, end := range []struct {
				name   string
				answer http.HandlerFunc
			}{{"a response 503", status(503)}, {"a lost response", drop}} {
				s := e.script(end.answer, status(200))
				_, _ = s.do(s.request(http.MethodPost, strings.NewReader("one order"))) // how it ends does not matter
				seen := s.seen()
				for _, a := range seen[min(1, len(seen)):] {
					if key(a) == "" || key(a) != key(seen[0]) {
						e.errorf("after %s it is sent again, with the keys %q and %q", end.name, key(seen[0]), key(a))
					}
				}
			}
		},
	},
	{
		name: "Retry/KeyIsForAllAttempts",
		says: "a key that the caller has put on the request is on every attempt",
		check: func(e *env) {
			s := e.script(status(503), status(200))
			req := s.request(http.MethodPost, strings.NewReader("one order"))
			req.Header.Set("Idempotency-Key", `"k"`)
			_, _ = s.do(req) // how it ends does not matter
			for i, a := range s.seen() {
				if key(a) != `"k"` {
					e.errorf("attempt %d has the key %q", i+1, key(a))
				}
			}
		},
	},
	{
		name: "Retry/CertificateErrorIsFinal",
		says: "a server whose certificate is not trusted is not tried again",
		check: func(e *env) {
			s := e.untrusted()
			_, _ = s.do(s.request(http.MethodGet, nil)) // its error is the matter of another rule
			if n := s.tap.attempts(); n != 1 {
				e.errorf("it was tried %d times", n)
			}
		},
	},
	{
		name: "Retry/EndedContextIsFinal",
		says: "a call whose context ends during an attempt is not tried again",
		check: func(e *env) {
			s, reached := e.stuck()
			ctx, cancel := context.WithCancel(e.ctx)
			_ = s.abort(s.requestWith(ctx, http.MethodGet, nil), reached, cancel)
			if n := s.tap.attempts(); n != 1 {
				e.errorf("it was tried %d times", n)
			}
		},
	},
}

// key is the idempotency key of a request.
func key(a arrival) string {
	if k := a.header.Get("Idempotency-Key"); k != "" {
		return k
	}
	return a.header.Get("X-Idempotency-Key")
}
