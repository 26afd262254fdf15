// Package transporttest holds every [http.RoundTripper] to what the callers of one count on:
// those of goaround, and those that users write or import. The contract in net/http is a few
// sentences; most steps that break it work for months.
//
//	func TestMyStep(t *testing.T) {
//		transporttest.Run(t, transporttest.Target{
//			New: func(base http.RoundTripper) http.RoundTripper { return mystep.New(base) },
//		})
//	}
//
// Each test is named after a rule, and a failure says the rule in a sentence and what the
// step did instead:
//
//	Body/IsClosedAfterErrors: the body of a request is closed when the connection breaks, but:
//		waited in vain until a body with GetBody is closed
//
// All rules are checked on real connections to servers that run on the loopback interface,
// many of them over HTTP/1.1 and HTTP/2. They come in groups:
//
//   - Request, Body: the caller's request is not changed, and its body is always closed.
//   - Stream: bodies go through as they come, in both directions, and are not copied.
//   - Response, Error: what the network said comes back as it was said.
//   - Context, Client, Trace: contexts end calls, and what http.Client and httptrace do works.
//   - Connection, Concurrency, Goroutine: nothing is left open, and calls do not meet.
//   - Retry, RetryBody, RetryWait: for a [Target] that tries calls again.
//
// [Check] is the same outside of a test, and returns what it found: it can judge a library
// before it is used. Data races are found by the race detector, as everywhere: go test -race.
//
// The rules about memory count what the whole process allocates meanwhile. They run alone and
// are patient, but tests that allocate much all the time should not run beside them.
package transporttest
