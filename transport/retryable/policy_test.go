package retryable_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/goaroundhq/goaround/transport"
	"github.com/goaroundhq/goaround/transport/retryable"
)

// The policies of go-retryablehttp look for certificates only in a *url.Error: without one
// they would try again.
func TestPolicyWrapsRawErrors(t *testing.T) {
	t.Parallel()
	g := given{method: "GET", err: errUntrusted}
	req := g.request(t.Context())
	if again, _ := retryablehttp.DefaultRetryPolicy(req.Context(), nil, g.err); !again {
		t.Error("DefaultRetryPolicy knows raw errors now: nothing to wrap")
	}
	if v := retryable.Policy(retryablehttp.DefaultRetryPolicy)(transport.Outcome{Request: req, Err: g.err}); v != transport.Final {
		t.Errorf("verdict %v, want final", v)
	}
}

func TestPolicyGetsTheErrorOfHTTPClient(t *testing.T) {
	t.Parallel()
	var seen error
	rule := retryable.Policy(func(_ context.Context, _ *http.Response, err error) (bool, error) {
		seen = err
		return true, nil
	})
	wrapped := &url.Error{Op: "Get", URL: "http://example.com", Err: io.EOF}
	for name, c := range map[string]struct {
		given given
		want  string
	}{
		"raw":            {given{method: "POST", err: io.EOF}, `Post "http://me:xxxxx@api.example.com/orders": EOF`},
		"without method": {given{err: io.EOF}, `Get "http://me:xxxxx@api.example.com/orders": EOF`},
		"wrapped":        {given{method: "GET", err: wrapped}, wrapped.Error()},
	} {
		rule(transport.Outcome{Request: c.given.request(t.Context()), Err: c.given.err})
		if seen == nil || seen.Error() != c.want || !errors.Is(seen, io.EOF) {
			t.Errorf("%s: %v, want %s", name, seen, c.want)
		}
	}
	g := given{method: "GET", status: 200}
	req := g.request(t.Context())
	if rule(transport.Outcome{Request: req, Response: g.response(req)}); seen != nil {
		t.Errorf("error %v with a response", seen)
	}
}

// DefaultRetryPolicy panics when it is given neither response nor error.
func TestPolicyIsNeverAskedAboutNothing(t *testing.T) {
	t.Parallel()
	rule := retryable.Policy(retryablehttp.DefaultRetryPolicy)
	if v := rule(transport.Outcome{Request: given{method: "GET"}.request(t.Context())}); v != transport.Unsure {
		t.Errorf("verdict %v, want unsure", v)
	}
}

func TestNilCallbacksPanic(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(){
		"FromClient": func() { _, _ = retryable.FromClient(nil) },
		"Under":      func() { retryable.Under(nil) },
		"Standard":   func() { retryable.Standard(nil) },
		"Policy":     func() { retryable.Policy(nil) },
		"Backoff":    func() { retryable.Backoff(nil, 0, 0) },
		"Outcome":    func() { retryable.OutcomeBackoff(nil, 0, 0) },
		"AsBackoff":  func() { retryable.AsBackoff(nil) },
		"Reports":    func() { retryable.Reports(nil) },
		"Log":        func() { retryable.Log("stderr") },
		"Hooks":      func() { retryable.Hooks{Logger: 1}.New(nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}
