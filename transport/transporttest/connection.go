package transporttest

import "net/http"

// calls is how many calls the rules about connections make one after the other.
const calls = 20

// few is how many connections they may open for them. One would do; net/http gives one up
// now and then on a busy machine.
const few = calls / 4

var connectionRules = []rule{
	{
		name: "Connection/IsUsedAgain",
		says: "calls one after the other, whose responses are read and closed, share a connection",
		check: func(e *env) {
			s := e.script(status(200))
			for range calls {
				s.expect(s.request(http.MethodGet, nil), 200, content(200))
			}
			s.wantFewConnections()
		},
	},
	{
		name: "Connection/ResponsesAreClosed", http2: true,
		says: "every response of the network is closed, when the caller has closed that which came back",
		check: func(e *env) {
			for _, end := range endings {
				s := e.script(end.answer)
				s.tap.watch = true
				_, _ = s.do(s.request(http.MethodGet, nil)) // how it ends does not matter
				e.until("every response is closed, after "+end.name, func() bool { return s.tap.unclosed() == 0 })
			}
		},
	},
	{
		name: "Connection/OfOthersIsLeftAlone",
		says: "a call that fails does not close the idle connections of other calls",
		check: func(e *env) {
			for _, end := range endings {
				s := e.script(end.answer)
				_, _ = s.do(s.request(http.MethodGet, nil)) // how it ends does not matter
				if n := s.tap.idleCalls.Load(); n > 0 {
					e.errorf("after %s, the target closed all idle connections", end.name)
				}
			}
		},
	},
}

func (s *service) wantFewConnections() {
	if n := s.conns.Load(); n > few {
		s.errorf("%d connections were opened for %d calls", n, calls)
	}
}
