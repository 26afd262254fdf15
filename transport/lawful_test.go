package transport_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// The contract of http.RoundTripper, over every way in which a call can end.
func TestRoundTripperContract(t *testing.T) {
	t.Parallel()
	for name, answers := range map[string][]httpmock.Responder{
		"success":            {status(200)},
		"final status":       {status(404)},
		"success after two":  {status(503), failure(io.EOF), status(200)},
		"exhausted, status":  repeat(4, status(503)),
		"exhausted, error":   repeat(4, failure(io.EOF)),
		"final error":        {failure(errors.New("unsupported protocol scheme"))},
		"final second error": {status(503), failure(errors.New("unsupported protocol scheme"))},
	} {
		for bodyName, set := range map[string]func(*http.Request){
			"no body": func(*http.Request) {},
			"GetBody": func(r *http.Request) {
				fresh := newRequest(t, "POST", "content")
				r.Body, r.GetBody, r.ContentLength = fresh.Body, fresh.GetBody, fresh.ContentLength
			},
			"seeker": func(r *http.Request) { r.Body = newSeekBody("content", 0) },
			"reader": func(r *http.Request) { r.Body = &trackedBody{Reader: onlyReader{strings.NewReader("content")}} },
		} {
			t.Run(name+", "+bodyName, func(t *testing.T) {
				t.Parallel()
				var responses []*closeTracker
				script := newScript(t, answers...)
				base := roundTripperFunc(func(req *http.Request) (*http.Response, error) {
					resp, err := script.RoundTrip(req)
					if resp != nil {
						tracker := &closeTracker{ReadCloser: resp.Body}
						resp.Body = tracker
						responses = append(responses, tracker)
					}
					return resp, err
				})
				req := newRequest(t, "POST", "")
				req.Header.Set("X-Mine", "1")
				set(req)
				before, header := *req, req.Header.Clone()

				resp, err := transport.New(base, transport.WithBackoff(noWait)).RoundTrip(req)
				if (resp == nil) == (err == nil) {
					t.Errorf("response %v and error %v", resp, err)
				}
				checkUnchanged(t, req, &before, header)
				if got := closes(req.Body); bodyName != "no body" && bodyName != "GetBody" && got != 1 {
					t.Errorf("the request body was closed %d times, want once", got)
				}
				checkResponses(t, resp, responses)
			})
		}
	}
}

func checkUnchanged(t *testing.T, req, before *http.Request, header http.Header) {
	t.Helper()
	if req.Body != before.Body || req.URL != before.URL || req.Method != before.Method || req.ContentLength != before.ContentLength {
		t.Error("the caller's request was changed")
	}
	if !maps.EqualFunc(req.Header, header, slices.Equal[[]string]) {
		t.Errorf("the caller's header was changed: %v, was %v", req.Header, header)
	}
}

// checkResponses wants all responses closed but the one that was returned, which must be
// whole.
func checkResponses(t *testing.T, resp *http.Response, all []*closeTracker) {
	t.Helper()
	for i, r := range all {
		if resp != nil && resp.Body == r {
			if r.closed {
				t.Error("the response that was returned is closed")
			}
			if body, err := io.ReadAll(resp.Body); err != nil || string(body) != http.StatusText(resp.StatusCode) {
				t.Errorf("the response that was returned reads %q, %v", body, err)
			}
			_ = resp.Body.Close()
			continue
		}
		if !r.closed {
			t.Errorf("response %d was not closed", i+1)
		}
	}
}

type closeTracker struct {
	io.ReadCloser
	closed bool
	read   int
}

func (c *closeTracker) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.read += n
	return n, err
}

func (c *closeTracker) Close() error {
	c.closed = true
	return c.ReadCloser.Close()
}

// A response that is not returned is read within bounds only.
func TestDrainIsBounded(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		size     int
		declared int64
		want     func(read int) bool
	}{
		{"small", 1 << 10, -1, func(n int) bool { return n == 1<<10 }},
		{"small, declared", 1 << 10, 1 << 10, func(n int) bool { return n == 1<<10 }},
		{"large", 1 << 20, -1, func(n int) bool { return n > 0 && n <= 128<<10 }},
		{"large, declared", 1 << 20, 1 << 20, func(n int) bool { return n == 0 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			first := &closeTracker{ReadCloser: io.NopCloser(bytes.NewReader(make([]byte, tt.size)))}
			n := 0
			rt := transport.New(roundTripperFunc(func(*http.Request) (*http.Response, error) {
				if n++; n == 1 {
					return &http.Response{StatusCode: 503, Body: first, ContentLength: tt.declared}, nil
				}
				return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
			}), transport.WithBackoff(noWait))
			if code, _, err := roundTrip(t, rt, newRequest(t, "GET", "")); code != 200 || err != nil {
				t.Fatal(code, err)
			}
			if !tt.want(first.read) || !first.closed {
				t.Errorf("read %d of %d bytes, closed %v", first.read, tt.size, first.closed)
			}
		})
	}
}

// A response whose body does not come holds the call up no longer than the wait that there
// is anyway: neither the slot nor the deadline is missed for it.
func TestDrainOfABodyThatHangs(t *testing.T) {
	t.Parallel()
	for delay, late := range map[time.Duration]time.Duration{
		0: 100 * time.Millisecond, 300 * time.Millisecond: 0, time.Hour: 0,
	} {
		synctest.Test(t, func(t *testing.T) {
			body, writer := io.Pipe()
			defer writer.Close()
			var at []time.Time
			rt := transport.New(roundTripperFunc(func(*http.Request) (*http.Response, error) {
				if at = append(at, time.Now()); len(at) == 1 {
					return &http.Response{StatusCode: 503, Body: body, ContentLength: -1}, nil
				}
				return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
			}), transport.WithBackoff(slot.BackoffFunc(func(int) time.Duration { return delay })))
			ctx, cancel := context.WithTimeout(t.Context(), delay+time.Second)
			defer cancel()
			if code, _, err := roundTrip(t, rt, newRequest(t, "GET", "").WithContext(ctx)); code != 200 || err != nil {
				t.Fatal(code, err)
			}
			if got := at[1].Sub(at[0]); got < delay || got > delay+late {
				t.Errorf("second attempt after %v, want %v", got, delay)
			}
		})
	}
}

func TestChainOrder(t *testing.T) {
	t.Parallel()
	var order []string
	step := func(name string) transport.Step {
		return func(next http.RoundTripper) http.RoundTripper {
			return roundTripperFunc(func(req *http.Request) (*http.Response, error) {
				order = append(order, name)
				return next.RoundTrip(req)
			})
		}
	}
	rt := transport.Chain(newScript(t, status(200)), step("outer"), step("middle"), step("inner"))
	if _, _, err := roundTrip(t, rt, newRequest(t, "GET", "")); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, " "); got != "outer middle inner" {
		t.Errorf("order %q", got)
	}
}

func TestNilBaseIsTheDefaultTransport(t *testing.T) {
	t.Parallel()
	if got := transport.Chain(nil); got != http.DefaultTransport {
		t.Errorf("base %T", got)
	}
}

type idler struct {
	http.RoundTripper
	closed int
}

func (i *idler) CloseIdleConnections() { i.closed++ }

func TestCloseIdleConnectionsReachesTheBase(t *testing.T) {
	t.Parallel()
	base := &idler{}
	(&http.Client{Transport: transport.New(base)}).CloseIdleConnections()
	if base.closed != 1 {
		t.Errorf("closed %d times", base.closed)
	}
	(&http.Client{Transport: transport.New(roundTripperFunc(stub))}).CloseIdleConnections() // has no such method
}

// One chain serves many calls at a time.
func TestConcurrentCalls(t *testing.T) {
	t.Parallel()
	rt := transport.New(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
		resp, err := stub(req)
		if req.Header.Get("X-Second") == "" && req.Context().Value(countKey{}).(*counter).next() == 1 {
			resp.StatusCode = 503
		}
		return resp, err
	}), transport.WithBackoff(noWait))
	done := make(chan error)
	for range 50 {
		go func() {
			req := newRequest(t, "POST", "content")
			resp, err := rt.RoundTrip(req.WithContext(context.WithValue(req.Context(), countKey{}, new(counter))))
			if err == nil && resp.StatusCode != 200 {
				err = errors.New(resp.Status)
			}
			done <- err
		}()
	}
	for range 50 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

type countKey struct{}

type counter struct{ n int }

func (c *counter) next() int {
	c.n++
	return c.n
}
