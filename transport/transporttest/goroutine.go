package transporttest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync/atomic"
)

var goroutineRules = []rule{
	{
		name: "Goroutine/NoneIsLeftAfterResponses", http2: true,
		says:  "when responses are closed and idle connections, too, no goroutine of the calls is left",
		check: func(e *env) { e.leavesNone(status(200), status(404), status(503)) },
	},
	{
		name: "Goroutine/NoneIsLeftAfterErrors", http2: true,
		says:  "when connections break, no goroutine of the calls is left",
		check: func(e *env) { e.leavesNone(drop) },
	},
	{
		name: "Goroutine/NoneIsLeftAfterUnreadResponses", http2: true,
		says: "when a response is closed that was not read, no goroutine of the call is left",
		check: func(e *env) {
			s := e.serve(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.Copy(w, io.LimitReader(zeros{}, 1<<40)) // more than a connection holds
			})
			e.leaves(s, func() {
				if resp, err := s.send(s.request(http.MethodGet, nil)); err == nil {
					_ = resp.Body.Close()
				}
			})
		},
	},
	{
		name: "Goroutine/NoneIsLeftAfterCancelling", http2: true,
		says: "when contexts end while calls wait, no goroutine of the calls is left",
		check: func(e *env) {
			s, reached := e.stuck()
			e.leaves(s, func() {
				ctx, cancel := context.WithCancel(e.ctx)
				_ = s.abort(s.upload(ctx, onceOnly, "content").req, reached, cancel)
			})
		},
	},
}

// leavesNone makes calls that are answered in each of some ways.
func (e *env) leavesNone(answers ...http.HandlerFunc) {
	for _, answer := range answers {
		s := e.script(answer)
		e.leaves(s, func() {
			for _, kind := range bodyKinds {
				_, _ = s.do(s.upload(e.ctx, kind, "content").req) // how it ends does not matter
			}
		})
	}
}

// label marks the goroutines of a rule's calls. Those that they start inherit it, so that
// what else the process does is not counted.
const label = "transporttest"

var labels atomic.Int64

// leaves complains of goroutines that are left of f when the idle connections are closed.
func (e *env) leaves(s *service, f func()) {
	mark := strconv.FormatInt(labels.Add(1), 10)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer e.recovered()
		pprof.Do(e.ctx, pprof.Labels(label, mark), func(context.Context) { f() })
	}()
	<-done
	count := 0
	e.until("no goroutine of the calls is left", func() bool {
		s.base.CloseIdleConnections()
		count = labelled(mark)
		return count == 0
	})
	if count > 0 {
		e.errorf("%d are left", count)
	}
}

// labelled is how many goroutines have a mark, by the profile of all of them as text: a
// line "2 @ addresses" for each stack, and then one with the labels.
func labelled(mark string) (n int) {
	var profile bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&profile, 1) // a buffer takes everything
	want, last := fmt.Sprintf("%q:%q", label, mark), 0
	for line := range strings.Lines(profile.String()) {
		if count, _, ok := strings.Cut(line, " @ "); ok {
			last, _ = strconv.Atoi(count) // 0 for a line of another kind
		}
		if strings.HasPrefix(line, "# labels:") && strings.Contains(line, want) {
			n += last
		}
	}
	return n
}
