package retryable_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
	"github.com/goaroundhq/goaround/transport/retryable"
)

// noWait is a backoff for tests that are not about time.
var noWait = transport.WithBackoff(slot.BackoffFunc(func(int) time.Duration { return 0 }))

// server answers with one status after the other, the last one again and again, and keeps
// what it was sent.
type server struct {
	*httptest.Server
	mu    sync.Mutex
	sent  []*http.Request
	body  []string
	conns int
}

func newServer(t *testing.T, statuses ...int) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.sent = append(s.sent, r)
		s.body = append(s.body, string(body))
		status := statuses[min(len(s.sent), len(statuses))-1]
		s.mu.Unlock()
		w.WriteHeader(status)
		fmt.Fprint(w, http.StatusText(status))
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.mu.Lock()
			s.conns++
			s.mu.Unlock()
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func (s *server) requests() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

func (s *server) bodies() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.body)
}

func (s *server) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns
}

// base is a transport of its own for each test, so that connections can be counted.
func base(t *testing.T) *http.Transport {
	t.Helper()
	b := &http.Transport{}
	t.Cleanup(b.CloseIdleConnections)
	return b
}

func post(t *testing.T, url string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("order"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Caller", "as it was")
	return req
}

// printed collects what is logged.
type printed struct {
	mu    sync.Mutex
	lines []string
}

func (p *printed) Printf(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, fmt.Sprintf(format, args...))
}

func TestHooksSeeEveryAttempt(t *testing.T) {
	t.Parallel()
	s := newServer(t, 503, 503, 201)
	var log printed
	rt := retryable.Hooks{
		Logger: &log,
		RequestLogHook: func(l retryablehttp.Logger, r *http.Request, n int) {
			l.Printf("request %d, key %v", n, r.Header.Get("Idempotency-Key") != "")
		},
		ResponseLogHook: func(l retryablehttp.Logger, r *http.Response) { l.Printf("response %d", r.StatusCode) },
		PrepareRetry: func(r *http.Request) error {
			body, err := io.ReadAll(r.Body)
			log.Printf("prepare %s", body)
			r.Body = io.NopCloser(strings.NewReader("signed " + string(body)))
			r.ContentLength += int64(len("signed "))
			r.Header.Set("X-Caller", "signed")
			r.URL.Path = "/again"
			return err
		},
	}.New(base(t), noWait)
	req := post(t, s.URL)
	resp, err := rt.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	want := []string{
		"request 0, key true", "response 503",
		"prepare order", "request 1, key true", "response 503",
		"prepare order", "request 2, key true", "response 201",
	}
	if !slices.Equal(log.lines, want) {
		t.Errorf("hooks %q,\nwant %q", log.lines, want)
	}
	if got := req.Header.Get("X-Caller"); got != "as it was" || req.URL.Path != "" {
		t.Errorf("the caller's request was changed: %q, path %q", got, req.URL.Path)
	}
	if !slices.Equal(s.bodies(), []string{"order", "signed order", "signed order"}) {
		t.Errorf("sent %q", s.bodies())
	}
	if got := s.requests()[2]; got.URL.Path != "/again" || got.Header.Get("X-Caller") != "signed" {
		t.Errorf("PrepareRetry changed nothing: %s %v", got.URL, got.Header)
	}
}

func TestPrepareRetryEndsTheCall(t *testing.T) {
	t.Parallel()
	errSign := errors.New("no signature")
	for _, handled := range []bool{false, true} {
		s := newServer(t, 503)
		h := retryable.Hooks{PrepareRetry: func(*http.Request) error { return errSign }}
		attempts := 0
		if handled {
			h.ErrorHandler = func(resp *http.Response, err error, n int) (*http.Response, error) {
				attempts = n
				return resp, err
			}
		}
		// The rule is not asked: what was not sent needs no judgement.
		rule := func(transport.Outcome) transport.Verdict { return transport.Repeat }
		_, err := h.New(base(t), noWait, transport.WithClassifier(rule)).RoundTrip(post(t, s.URL))
		if !errors.Is(err, errSign) {
			t.Errorf("handled %v: error %v", handled, err)
		}
		if handled && attempts != 1 {
			t.Errorf("handler was told of %d attempts, want 1", attempts)
		}
		if len(s.requests()) != 1 {
			t.Errorf("handled %v: sent %d times", handled, len(s.requests()))
		}
	}
}

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

// closedBodies counts responses that are still open.
type closedBodies struct {
	mu sync.Mutex
	n  int
}

func (c *closedBodies) open() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

func (c *closedBodies) watch(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err == nil {
			c.mu.Lock()
			c.n++
			c.mu.Unlock()
			resp.Body = &closing{ReadCloser: resp.Body, closed: sync.OnceFunc(func() {
				c.mu.Lock()
				defer c.mu.Unlock()
				c.n--
			})}
		}
		return resp, err
	})
}

type closing struct {
	io.ReadCloser
	closed func()
}

func (c *closing) Close() error {
	c.closed()
	return c.ReadCloser.Close()
}
