package retryable_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/transport"
	"github.com/goaroundhq/goaround/transport/retryable"
)

func TestStandardIsLawful(t *testing.T) {
	t.Parallel()
	errMine := errors.New("mine")
	s := newServer(t, 503)
	c := tuned(t)
	c.RetryMax = 1
	c.PrepareRetry = func(r *http.Request) error {
		r.Header.Set("X-Caller", "signed")
		return nil
	}
	c.ErrorHandler = func(resp *http.Response, _ error, _ int) (*http.Response, error) { return resp, errMine }
	var open closedBodies
	c.HTTPClient.Transport = open.watch(c.HTTPClient.Transport)
	req := post(t, s.URL)
	body := &watched{Reader: strings.NewReader("order")}
	opened := 0
	req.Body = body
	req.GetBody = func() (io.ReadCloser, error) {
		opened++
		return io.NopCloser(strings.NewReader("order")), nil
	}
	resp, err := retryable.Standard(c).Transport.RoundTrip(req)
	if !errors.Is(err, errMine) || resp != nil {
		t.Errorf("%v, %v", resp, err)
	}
	if req.Header.Get("X-Caller") != "as it was" || req.Header.Get("Idempotency-Key") != "" || req.Body != body {
		t.Error("the caller's request was changed")
	}
	if body.read || !body.closed {
		t.Errorf("body read %v, closed %v; want it closed, and GetBody used", body.read, body.closed)
	}
	if !slices.Equal(s.bodies(), []string{"order", "order"}) || opened < 2 {
		t.Errorf("sent %q, opened %d times", s.bodies(), opened)
	}
	for _, r := range s.requests() {
		if r.ContentLength != 5 {
			t.Errorf("length %d", r.ContentLength)
		}
	}
	if open.open() != 0 {
		t.Errorf("%d responses open", open.open())
	}
}

// watched knows what was done to it.
type watched struct {
	io.Reader
	read, closed bool
}

func (w *watched) Read(p []byte) (int, error) {
	w.read = true
	return w.Reader.Read(p)
}

func (w *watched) Close() error {
	w.closed = true
	return nil
}

func TestStandardWithoutGetBody(t *testing.T) {
	t.Parallel()
	s := newServer(t, 503, 200)
	req := post(t, s.URL)
	body := &watched{Reader: strings.NewReader("order")}
	req.Body, req.GetBody, req.ContentLength = body, nil, -1
	resp, err := retryable.Standard(tuned(t)).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if !slices.Equal(s.bodies(), []string{"order", "order"}) || !body.closed {
		t.Errorf("sent %q, closed %v", s.bodies(), body.closed)
	}
}

// seekable is a body that can be rewound, at the second byte.
type seekable struct {
	*strings.Reader
	closed atomic.Int32
}

func newSeekable(t *testing.T) *seekable {
	t.Helper()
	s := &seekable{Reader: strings.NewReader(".order")}
	if _, err := s.ReadByte(); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *seekable) Close() error {
	s.closed.Add(1)
	return nil
}

// The client itself would rewind to the start, and never close.
func TestStandardRewindsToWhereABodyStood(t *testing.T) {
	t.Parallel()
	s := newServer(t, 503, 200)
	req, body := post(t, s.URL), newSeekable(t)
	req.Body, req.GetBody = body, nil
	resp, err := retryable.Standard(tuned(t)).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	for end := time.Now().Add(10 * time.Second); body.closed.Load() == 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond) // net/http may close it after the response has come
	}
	if !slices.Equal(s.bodies(), []string{"order", "order"}) || body.closed.Load() != 1 {
		t.Errorf("sent %q, closed %d times", s.bodies(), body.closed.Load())
	}
}

// A transport may answer while it still reads the body: it is not taken away, and not sent
// from two places at once.
func TestStandardLeavesABodyThatIsBeingSent(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 503} {
		body := newSeekable(t)
		var sending io.ReadCloser
		c := tuned(t)
		c.HTTPClient.Transport = roundTripper(func(req *http.Request) (*http.Response, error) {
			sending = req.Body
			return given{status: status}.response(req), nil
		})
		req := post(t, "http://example.com")
		req.Body, req.GetBody = body, nil
		resp, err := retryable.Standard(c).Do(req)
		if status == 503 && !errors.Is(err, transport.ErrBody) {
			t.Errorf("error %v, want %v", err, transport.ErrBody)
		}
		if err == nil {
			_ = resp.Body.Close()
		}
		if n := body.closed.Load(); n != 0 {
			t.Errorf("status %d: closed %d times", status, n)
		}
		for range 2 {
			_ = sending.Close()
		}
		if n := body.closed.Load(); n != 1 {
			t.Errorf("status %d: closed %d times after sending", status, n)
		}
	}
}

func TestStandardOfAHandlerThatReturnsNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, 503)
	c := tuned(t)
	c.RetryMax = 0
	c.ErrorHandler = func(resp *http.Response, _ error, _ int) (*http.Response, error) { return nil, resp.Body.Close() }
	if _, err := retryable.Standard(c).Get(s.URL); err == nil {
		t.Error("neither response nor error")
	}
}

// Redirects are followed once, by the client that knows whether to.
func TestStandardObeysCheckRedirect(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		check func(*http.Request, []*http.Request) error
		want  int
		paths []string
	}{
		"followed":     {nil, http.StatusOK, []string{"/here", "/there"}},
		"not followed": {func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, http.StatusFound, []string{"/here"}},
	} {
		var paths []string
		c := tuned(t)
		c.HTTPClient.CheckRedirect = tt.check
		c.HTTPClient.Transport = roundTripper(func(req *http.Request) (*http.Response, error) {
			paths = append(paths, req.URL.Path)
			resp := given{status: http.StatusOK}.response(req)
			if req.URL.Path == "/here" {
				resp.StatusCode = http.StatusFound
				resp.Header.Set("Location", "/there")
			}
			return resp, nil
		})
		resp, err := retryable.Standard(c).Get("http://example.com/here")
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != tt.want || !slices.Equal(paths, tt.paths) {
			t.Errorf("%s: status %d, requests %v", name, resp.StatusCode, paths)
		}
	}
}
