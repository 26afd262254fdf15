package transporttest

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
)

var concurrencyRules = []rule{
	{
		name: "Concurrency/ManyCallsAtOnce", http2: true,
		says: "many goroutines may call at once, and each gets the response to its own request",
		check: func(e *env) {
			s := e.serve(echo)
			s.together(32, func(i int) {
				for round := range 4 {
					text := strings.Repeat(fmt.Sprintf("call %d of %d;", round, i), 100)
					s.expect(s.request(http.MethodPut, strings.NewReader(text)), 200, text)
				}
			})
		},
	},
	{
		name: "Concurrency/CallsDoNotWaitForEachOther", http2: true,
		says: "a call that waits for its server holds up no other one",
		check: func(e *env) {
			reached, release := make(chan struct{}), make(chan struct{})
			s := e.serve(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("X-Slow") != "" {
					close(reached)
					e.hold(release)
				}
				echo(w, r)
			})
			slow := make(chan struct{})
			go func() {
				defer close(slow)
				defer e.recovered()
				req := s.request(http.MethodGet, nil)
				req.Header.Set("X-Slow", "1")
				s.expect(req, 200, "")
			}()
			e.came("the first call at the server", reached)
			done := make(chan struct{})
			go func() {
				defer close(done)
				defer e.recovered()
				s.expect(s.request(http.MethodPut, strings.NewReader("quick")), 200, "quick")
			}()
			e.came("the response to a call beside one that waits", done)
			close(release)
			e.came("the response to the call that waited", slow)
		},
	},
}

// together calls f in n goroutines at once.
func (e *env) together(n int, f func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			defer e.recovered()
			<-start
			f(i)
		})
	}
	close(start)
	wg.Wait()
}
