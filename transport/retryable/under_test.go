package retryable_test

import (
	"errors"
	"io"
	"net/http"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/goaroundhq/goaround/transport"
	"github.com/goaroundhq/goaround/transport/retryable"
)

// counted is a step that counts.
func counted(n *atomic.Int32) transport.Step {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			n.Add(1)
			return next.RoundTrip(req)
		})
	}
}

func TestStepsUnderSeeEveryAttempt(t *testing.T) {
	t.Parallel()
	s := newServer(t, 503, 503, 201)
	var n atomic.Int32
	c := retryable.Under(tuned(t), counted(&n))
	resp, err := retryable.Standard(c).Do(post(t, s.URL))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if n.Load() != 3 {
		t.Errorf("the step saw %d attempts", n.Load())
	}
	for _, r := range s.requests() {
		if key := r.Header.Get("Idempotency-Key"); key == "" || key != s.requests()[0].Header.Get("Idempotency-Key") {
			t.Errorf("key %q", key)
		}
	}
}

// A failed call of a retryablehttp.Client wipes the pool of its transport; not through
// Under.
func TestUnderKeepsIdleConnections(t *testing.T) {
	t.Parallel()
	for _, under := range []bool{false, true} {
		good, bad := newServer(t, 200), newServer(t, 503)
		c := tuned(t)
		c.RetryMax = 0
		if under {
			c = retryable.Under(c)
		}
		for range 5 {
			resp, err := c.Get(good.URL)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			if _, err := c.Get(bad.URL); err == nil {
				t.Error("no error")
			}
		}
		if conns := good.connections(); (conns < 5) != under {
			t.Errorf("under %v: %d connections to the good server", under, conns)
		}
	}
}

// The client hands one header to all attempts and to its hooks, although the first may still
// be on its way when the second is prepared.
func TestUnderGivesEachAttemptItsHeader(t *testing.T) {
	t.Parallel()
	var sent []http.Header
	c := tuned(t)
	c.HTTPClient.Transport = roundTripper(func(req *http.Request) (*http.Response, error) {
		sent = append(sent, req.Header)
		return nil, io.ErrUnexpectedEOF
	})
	c.RetryMax = 1
	c.PrepareRetry = func(r *http.Request) error {
		r.Header.Set("X-Signature", "second")
		return nil
	}
	if _, err := retryable.Standard(retryable.Under(c)).Get("http://example.com"); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v", err)
	}
	if len(sent) != 2 || sent[0].Get("X-Signature") != "" || sent[1].Get("X-Signature") != "second" {
		t.Errorf("headers %v", sent)
	}
}

// A field that is added to the client must be copied, too.
func TestUnderCopiesEverything(t *testing.T) {
	t.Parallel()
	c := retryablehttp.NewClient()
	c.RequestLogHook = func(retryablehttp.Logger, *http.Request, int) {}
	c.ResponseLogHook = func(retryablehttp.Logger, *http.Response) {}
	c.ErrorHandler = retryablehttp.PassthroughErrorHandler
	c.PrepareRetry = func(*http.Request) error { return nil }
	c.HTTPClient.Timeout = time.Second
	was, is := reflect.ValueOf(c).Elem(), reflect.ValueOf(retryable.Under(c)).Elem()
	for i := range was.NumField() {
		name := was.Type().Field(i).Name
		switch before, after := was.Field(i), is.Field(i); {
		case !was.Type().Field(i).IsExported():
		case before.IsZero() || after.IsZero():
			t.Errorf("%s: set %v, copied %v", name, !before.IsZero(), !after.IsZero())
		case before.Kind() == reflect.Func && before.Pointer() != after.Pointer(),
			before.Comparable() && before.Kind() != reflect.Func && name != "HTTPClient" && !before.Equal(after):
			t.Errorf("%s is another", name)
		}
	}
	if copied := is.FieldByName("HTTPClient").Interface().(*http.Client); copied.Timeout != time.Second || copied == c.HTTPClient {
		t.Error("the HTTPClient was not copied")
	}
}
