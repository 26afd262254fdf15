package retryable_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/goaroundhq/goaround/transport"
	"github.com/goaroundhq/goaround/transport/retryable"
)

func TestErrorHandler(t *testing.T) {
	t.Parallel()
	errMine := errors.New("mine")
	type end struct {
		status int
		err    error
	}
	for name, c := range map[string]struct {
		statuses []int
		handler  retryablehttp.ErrorHandler
		want     end
		asked    int // attempts it was told; 0: not called
	}{
		"success":         {[]int{200}, retryablehttp.PassthroughErrorHandler, end{status: 200}, 0},
		"later success":   {[]int{503, 200}, retryablehttp.PassthroughErrorHandler, end{status: 200}, 0},
		"final":           {[]int{404}, retryablehttp.PassthroughErrorHandler, end{status: 404}, 0},
		"passed through":  {[]int{503}, retryablehttp.PassthroughErrorHandler, end{status: 503}, 2},
		"an error":        {[]int{503}, func(*http.Response, error, int) (*http.Response, error) { return nil, errMine }, end{err: errMine}, 2},
		"both":            {[]int{503}, func(r *http.Response, _ error, _ int) (*http.Response, error) { return r, errMine }, end{err: errMine}, 2},
		"another":         {[]int{503}, another, end{status: 599}, 2},
		"another and err": {[]int{503}, anotherAndErr(errMine), end{err: errMine}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, c.statuses...)
			b := base(t)
			asked, closed := 0, new(closedBodies)
			rt := retryable.Hooks{ErrorHandler: func(resp *http.Response, err error, n int) (*http.Response, error) {
				asked = n
				return c.handler(resp, err, n)
			}}.New(closed.watch(b), noWait, transport.WithMaxAttempts(2))
			resp, err := rt.RoundTrip(post(t, s.URL))
			if !errors.Is(err, c.want.err) || (err == nil) != (c.want.err == nil) {
				t.Fatalf("error %v, want %v", err, c.want.err)
			}
			switch {
			case err != nil && resp != nil:
				t.Error("a response came with an error")
			case err == nil && resp.StatusCode != c.want.status:
				t.Errorf("status %d, want %d", resp.StatusCode, c.want.status)
			}
			if err == nil {
				if _, err := io.ReadAll(resp.Body); err != nil {
					t.Errorf("reading the response: %v", err)
				}
				_ = resp.Body.Close()
			}
			if asked != c.asked {
				t.Errorf("told of %d attempts, want %d", asked, c.asked)
			}
			if open := closed.open(); open != 0 && name != "another" {
				t.Errorf("%d responses were never closed", open)
			}
		})
	}
}

func another(resp *http.Response, _ error, _ int) (*http.Response, error) {
	_ = resp.Body.Close()
	return &http.Response{StatusCode: 599, Header: http.Header{}, Body: http.NoBody}, nil
}

func anotherAndErr(err error) retryablehttp.ErrorHandler {
	return func(*http.Response, error, int) (*http.Response, error) {
		return &http.Response{StatusCode: 599, Body: http.NoBody}, err
	}
}

func TestErrorHandlerThatReturnsNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, 503)
	rt := retryable.Hooks{ErrorHandler: func(*http.Response, error, int) (*http.Response, error) {
		return nil, nil
	}}.New(base(t), noWait)
	if resp, err := rt.RoundTrip(post(t, s.URL)); err == nil || resp != nil {
		t.Errorf("%v, %v", resp, err)
	}
}

// A transport error comes to the handler as http.Client wraps it, and back bare, because
// http.Client will wrap it again.
func TestErrorHandlerGetsTheErrorOfHTTPClient(t *testing.T) {
	t.Parallel()
	var seen error
	rt := retryable.Hooks{ErrorHandler: func(resp *http.Response, err error, _ int) (*http.Response, error) {
		seen = err
		return resp, err
	}}.New(roundTripper(func(*http.Request) (*http.Response, error) { return nil, io.EOF }), noWait)
	_, err := rt.RoundTrip(given{method: "GET"}.request(t.Context()))
	if !errors.Is(err, io.EOF) || strings.HasPrefix(err.Error(), "Get ") {
		t.Errorf("returned %v", err)
	}
	if seen == nil || !strings.HasPrefix(seen.Error(), `Get "http://me:xxxxx@`) {
		t.Errorf("handler was given %v", seen)
	}
	var gaveUp *transport.Error
	if !errors.As(err, &gaveUp) || gaveUp.Attempts != transport.DefaultMaxAttempts {
		t.Errorf("error %v has lost its attempts", err)
	}
}
