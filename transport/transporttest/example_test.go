package transporttest_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/goaroundhq/goaround/transport/transporttest"
)

// The whole test of a step of your own. The step sets a field on the caller's request, which
// a RoundTripper must not do.
func ExampleRun() {
	testMyStep := func(t *testing.T) {
		transporttest.Run(t, transporttest.Target{
			New: func(base http.RoundTripper) http.RoundTripper { return agent{base} },
		})
	}
	_ = testMyStep // go test calls it when it is a function TestMyStep
}

// A library is judged by one rule, or by all, before it is used.
func ExampleCheck() {
	target := transporttest.Target{
		New: func(base http.RoundTripper) http.RoundTripper { return agent{base} },
	}
	for _, f := range transporttest.Check(context.Background(), target, "Request/HeaderIsNotChanged") {
		fmt.Println(f.Rule, len(f.Broken) == 0)
		fmt.Println(f.Broken[0])
	}
	// Output:
	// Request/HeaderIsNotChanged false
	// a body with GetBody, a response 200: Header is changed while the request is sent
}

type agent struct{ next http.RoundTripper }

func (a agent) RoundTrip(req *http.Request) (*http.Response, error) {
	req.Header.Set("User-Agent", "my-service/1.0") // to be lawful: on a req.Clone
	return a.next.RoundTrip(req)
}
