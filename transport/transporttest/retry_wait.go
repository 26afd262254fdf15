package transporttest

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// waitRules are about the time between attempts. Most of them take some seconds.
var waitRules = []rule{
	{
		name: "RetryWait/SecondsAreWaited",
		says: "Retry-After in seconds is waited for to the end, and jitter takes nothing from it",
		check: func(e *env) {
			for _, code := range []int{http.StatusServiceUnavailable, http.StatusTooManyRequests} {
				s := e.script(status(code, "Retry-After", "1"), status(200))
				_, _ = s.do(s.request(http.MethodGet, nil)) // the target may call a 429 final
				s.wantPause(time.Second)
			}
		},
	},
	{
		name: "RetryWait/DateIsWaitedFor",
		says: "Retry-After as an HTTP-date is waited for",
		check: func(e *env) {
			s := e.script(func(w http.ResponseWriter, r *http.Request) {
				now := time.Now().UTC().Truncate(time.Second)
				w.Header().Set("Date", now.Format(http.TimeFormat))
				w.Header().Set("Retry-After", now.Add(2*time.Second).Format(http.TimeFormat))
				status(http.StatusServiceUnavailable)(w, r)
			}, status(200))
			_, _ = s.do(s.request(http.MethodGet, nil)) // how it ends does not matter
			s.wantPause(time.Second)                    // a local clock may be up to a second after the date
		},
	},
	{
		name: "RetryWait/HugeSecondsAreNoInstantRetry",
		says: "a Retry-After that is more than a time.Duration holds does not become a retry at once",
		check: func(e *env) {
			s := e.script(status(http.StatusServiceUnavailable, "Retry-After", "9223372037"), status(200))
			ctx, cancel := context.WithTimeout(e.ctx, 3*time.Second)
			defer cancel()
			_, _ = s.do(s.requestWith(ctx, http.MethodGet, nil)) // how it ends does not matter
			// A busy machine may not even have sent the first in that time.
			if n := len(s.seen()); n > 1 {
				e.errorf("%d requests came within seconds", n)
			}
		},
	},
	{
		name: "RetryWait/BeyondTheDeadlineIsNotBegun",
		says: "a wait that would not end before the context's deadline is not begun, and the response comes back at once",
		check: func(e *env) {
			s := e.script(status(http.StatusServiceUnavailable, "Retry-After", "30"))
			ctx, cancel := context.WithTimeout(e.ctx, 5*time.Second)
			defer cancel()
			r, err := s.do(s.requestWith(ctx, http.MethodGet, nil))
			switch {
			case err != nil:
				e.errorf("the error %v instead of the response", err)
			case r.StatusCode != http.StatusServiceUnavailable || r.body != content(503):
				e.errorf("status %d with %q, want the 503", r.StatusCode, r.body)
			case ctx.Err() != nil:
				e.errorf("the call lasted until its deadline")
			}
		},
	},
	{
		name: "RetryWait/EndsWithTheContext",
		says: "a call that waits for its next attempt ends when its context does, and is not tried again",
		check: func(e *env) {
			s := e.script(status(http.StatusServiceUnavailable, "Retry-After", "8"))
			ctx, cancel := context.WithCancel(e.ctx)
			over := make(chan struct{})
			end := sync.OnceFunc(func() { cancel(); close(over) })
			// Nobody can see that the target waits; it does by then.
			s.tap.got = func() { time.AfterFunc(200*time.Millisecond, end) }
			done := make(chan struct{})
			go func() {
				defer close(done)
				defer e.recovered()
				_, _ = s.do(s.requestWith(ctx, http.MethodGet, nil)) // how it ends does not matter
			}()
			e.came("a response, and the end of the context", over)
			if !within(5*time.Second, done) {
				e.errorf("the call waits on after the end of its context")
				within(2*defaultPatience, done) // it does not wait for ever
			}
			if n := s.tap.attempts(); n != 1 {
				e.errorf("it was tried %d times", n)
			}
		},
	},
}

// wantPause wants the second request, if there is one, that much after the first.
func (s *service) wantPause(least time.Duration) {
	seen := s.seen()
	if len(seen) < 2 {
		return
	}
	if got := seen[1].at.Sub(seen[0].at); got < least {
		s.errorf("the second request came %v after the first, want at least %v", got, least)
	}
}

// alternately answers every other request in one way.
func alternately(first, second http.HandlerFunc) http.HandlerFunc {
	var n atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1)%2 == 1 {
			first(w, r)
			return
		}
		second(w, r)
	}
}
