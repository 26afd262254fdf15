package transporttest

import (
	"io"
	"net/http"
	"strings"
)

// retryBodyRules are about what a target that tries calls again does with their bodies.
var retryBodyRules = []rule{
	{
		name: "RetryBody/IsSentWhole",
		says: "an attempt that is sent has the whole body, whatever the ones before have read of it",
		check: func(e *env) {
			text := strings.Repeat("x", 200<<10)
			for _, kind := range bodyKinds {
				s := e.script(status(503), status(200))
				_, _ = s.do(s.upload(e.ctx, kind, text).req) // a body that is sent once may end the call
				for i, a := range s.seen() {
					if a.body != text {
						e.errorf("%s: attempt %d has %d of %d bytes, %v", kind.name, i+1, len(a.body), len(text), a.err)
					}
				}
			}
		},
	},
	{
		name: "RetryBody/IsOpenedAgain",
		says: "a body with GetBody is opened again for the next attempt, and both are closed",
		check: func(e *env) {
			s := e.script(status(503), status(200))
			u := s.upload(e.ctx, reopened, "content")
			s.expect(u.req, 200, content(200))
			if n := u.opened(); n < 2 {
				e.errorf("it was opened %d times for %d attempts", n, len(s.seen()))
			}
			e.until("every body is closed", u.closed)
		},
	},
	{
		name: "RetryBody/StartsWhereItStood",
		says: "a body with Seek is sent again from where it stood before the call, not from its beginning",
		check: func(e *env) {
			s := e.script(status(503), status(200))
			u := s.upload(e.ctx, rewound, "header content")
			if _, err := io.CopyN(io.Discard, u.req.Body, int64(len("header "))); err != nil {
				e.fatalf("the suite itself: %v", err)
			}
			u.req.ContentLength = int64(len("content"))
			_, _ = s.do(u.req) // the target need not know how to rewind
			for i, a := range s.seen() {
				if a.body != "content" {
					e.errorf("attempt %d has the body %q, %v", i+1, a.body, a.err)
				}
			}
		},
	},
	{
		name: "RetryBody/IsClosedInTheEnd",
		says: "the bodies of all attempts are closed, when all of them have failed, too",
		check: func(e *env) {
			for _, end := range endings {
				s := e.script(end.answer)
				for _, kind := range bodyKinds {
					u := s.upload(e.ctx, kind, "content")
					_, _ = s.do(u.req) // how it ends does not matter
					e.until(kind.name+" is closed, after "+end.name, u.closed)
				}
			}
		},
	},
	{
		name: "RetryBody/LargeOnesAreNotHeld", alone: true,
		says: "a large body with GetBody is not copied into memory when it is sent again, either",
		check: func(e *env) {
			discard := func(then http.HandlerFunc) http.HandlerFunc {
				return func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					then(w, r)
				}
			}
			s := e.serve(alternately(discard(status(503)), discard(status(200))))
			e.allocatesLittle(func() {
				u := s.upload(e.ctx, reopened, "")
				u.req.GetBody = func() (io.ReadCloser, error) { return u.add(io.LimitReader(zeros{}, large)), nil }
				u.req.Body, _ = u.req.GetBody()
				u.req.ContentLength = large
				s.expect(u.req, 200, content(200))
			})
		},
	},
}
