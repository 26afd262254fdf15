package transporttest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

var contextRules = []rule{
	{
		name: "Context/EndedBefore", http2: true,
		says: "a call whose context has ended fails with its error, and the server sees nothing of it",
		check: func(e *env) {
			s := e.script(status(200))
			ctx, cancel := context.WithCancel(e.ctx)
			cancel()
			if _, err := s.do(s.requestWith(ctx, http.MethodGet, nil)); !errors.Is(err, context.Canceled) {
				e.errorf("the error is %v, want %v", err, context.Canceled)
			}
			if n := len(s.seen()); n > 0 {
				e.errorf("the server got %d requests", n)
			}
		},
	},
	{
		name: "Context/EndsTheWaitForAResponse", http2: true,
		says: "a call that waits for the server ends with its context, and with the context's error",
		check: func(e *env) {
			s, reached := e.stuck()
			ctx, cancel := context.WithCancel(e.ctx)
			err := s.abort(s.requestWith(ctx, http.MethodGet, nil), reached, cancel)
			if !errors.Is(err, context.Canceled) {
				e.errorf("the error is %v, want %v", err, context.Canceled)
			}
		},
	},
	{
		name: "Context/CauseIsKept",
		says: "errors.Is finds the cause that the caller gave for the end of the context",
		check: func(e *env) {
			s, reached := e.stuck()
			ctx, cancel := context.WithCancelCause(e.ctx)
			cause := errors.New("the user has closed the window")
			err := s.abort(s.requestWith(ctx, http.MethodGet, nil), reached, func() { cancel(cause) })
			if !errors.Is(err, cause) {
				e.errorf("the error is %v, want one that is %q", err, cause)
			}
		},
	},
	{
		name: "Context/DeadlineIsATimeout", http2: true,
		says: "a call that ends with its deadline fails with context.DeadlineExceeded",
		check: func(e *env) {
			s, _ := e.stuck()
			ctx, cancel := context.WithTimeout(e.ctx, 50*time.Millisecond)
			defer cancel()
			err := s.abort(s.requestWith(ctx, http.MethodGet, nil), ctx.Done(), func() {})
			if !errors.Is(err, context.DeadlineExceeded) {
				e.errorf("the error is %v, want %v", err, context.DeadlineExceeded)
			}
		},
	},
	{
		name: "Context/EndsTheReadOfABody", http2: true,
		says: "a caller that reads a response that does not go on is let go by the end of its context",
		check: func(e *env) {
			s := e.serve(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, "first")
				_ = http.NewResponseController(w).Flush()
				e.hold(nil)
			})
			ctx, cancel := context.WithCancel(e.ctx)
			defer cancel()
			resp, err := s.send(s.requestWith(ctx, http.MethodGet, nil))
			if err != nil {
				e.fatalf("GET: %v", err)
			}
			defer resp.Body.Close()
			read := make(chan struct{})
			go func() {
				defer close(read)
				if body, err := io.ReadAll(resp.Body); !errors.Is(err, context.Canceled) {
					e.errorf("read %q, and the error is %v, want %v", body, err, context.Canceled)
				}
			}()
			cancel()
			e.came("the end of reading after that of the context", read)
		},
	},
	{
		name: "Context/ReachesTheNext",
		says: "the values of the caller's context are those of the request that is sent on",
		check: func(e *env) {
			s := e.script(status(200))
			s.tap.look = func(req *http.Request) {
				if got := req.Context().Value(markKey{}); got != "mine" {
					e.errorf("the value of the context is %v", got)
				}
			}
			s.expect(s.requestWith(context.WithValue(e.ctx, markKey{}, "mine"), http.MethodGet, nil), 200, content(200))
		},
	},
}

type markKey struct{}

// stuck starts a service that does not answer, and tells when it is asked.
func (e *env) stuck() (s *service, reached <-chan struct{}) {
	asked := make(chan struct{})
	first := sync.OnceFunc(func() { close(asked) })
	s = e.serve(func(_ http.ResponseWriter, r *http.Request) {
		first()
		e.hold(r.Context().Done())
	})
	return s, asked
}
