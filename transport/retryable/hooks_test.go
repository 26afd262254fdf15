package retryable_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/goaroundhq/goaround/transport"
	"github.com/goaroundhq/goaround/transport/retryable"
)

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
