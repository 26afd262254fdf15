package transport_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/transport"
)

// Own steps see what they are said to see, in the order in which they were given.
func TestOwnSteps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type mark struct{}
		var log []string
		note := func(name string) transport.Step {
			return func(next http.RoundTripper) http.RoundTripper {
				return roundTripperFunc(func(req *http.Request) (*http.Response, error) {
					log = append(log, fmt.Sprintf("%s %v", name, req.Header.Get(idem.Header) != ""))
					return next.RoundTrip(req.WithContext(context.WithValue(req.Context(), mark{}, name)))
				})
			}
		}
		rt := transport.New(newScript(t, status(503), status(200)),
			transport.WithAttemptSteps(note("third"), note("fourth")),
			transport.WithCallSteps(note("first")), transport.WithCallSteps(note("second")),
			transport.WithObserver(transport.Observer{Attempt: func(ctx context.Context, a transport.Attempt) {
				log = append(log, fmt.Sprintf("observed %d %v", a.Number, ctx.Value(mark{})))
			}}))
		if code, _, err := roundTrip(t, rt, newRequest(t, "POST", "{}")); code != 200 || err != nil {
			t.Fatal(code, err)
		}
		want := "[first false second false third true fourth true observed 1 second third true fourth true observed 2 second]"
		if got := fmt.Sprint(log); got != want {
			t.Errorf("saw %s\nwant %s", got, want)
		}
	})
}

func TestOwnStepsPanicOnNil(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]func(...transport.Step) transport.Option{
		"WithCallSteps": transport.WithCallSteps, "WithAttemptSteps": transport.WithAttemptSteps,
	} {
		func() {
			defer func() {
				if got, want := fmt.Sprint(recover()), "transport: "+name+"(nil)"; got != want {
					t.Errorf("panic %s, want %s", got, want)
				}
			}()
			option(nil)
		}()
	}
}
