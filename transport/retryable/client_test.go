package retryable_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/goaroundhq/goaround/transport"
	"github.com/goaroundhq/goaround/transport/retryable"
)

// tuned is a client as NewClient makes it, quick and quiet.
func tuned(t *testing.T) *retryablehttp.Client {
	t.Helper()
	c := retryablehttp.NewClient()
	c.HTTPClient = &http.Client{Transport: base(t)}
	c.RetryWaitMin, c.RetryWaitMax = time.Millisecond, 2*time.Millisecond
	c.Logger = nil
	return c
}

func fromClient(t *testing.T, c *retryablehttp.Client, opts ...transport.Option) *http.Client {
	t.Helper()
	client, err := retryable.FromClient(c, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestFromClientRetries(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		max  int
		opts []transport.Option
		want int
	}{
		"as tuned":        {2, nil, 3},
		"no retries":      {0, nil, 1},
		"negative":        {-1, nil, 1},
		"an option wins":  {9, []transport.Option{transport.WithMaxAttempts(2)}, 2},
		"beyond all ints": {math.MaxInt, []transport.Option{transport.WithClassifier(upTo(3))}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, 503)
			rc := tuned(t)
			rc.RetryMax = c.max
			resp, err := fromClient(t, rc, c.opts...).Do(post(t, s.URL))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if err != nil || string(body) != http.StatusText(http.StatusServiceUnavailable) {
				t.Errorf("the last response: %q, %v", body, err)
			}
			if len(s.requests()) != c.want {
				t.Errorf("%d attempts, want %d", len(s.requests()), c.want)
			}
			for _, r := range s.requests() {
				if key := r.Header.Get("Idempotency-Key"); key == "" || key != s.requests()[0].Header.Get("Idempotency-Key") {
					t.Errorf("key %q", key)
				}
			}
			if conns := s.connections(); c.want > 2 && conns >= c.want { // a busy machine may lose one
				t.Errorf("%d connections for %d attempts", conns, c.want)
			}
		})
	}
}

func upTo(n int) transport.Classifier {
	return func(o transport.Outcome) transport.Verdict {
		if o.Attempt < n {
			return transport.Unsure
		}
		return transport.Final
	}
}

// What a CheckRetry returns as an error comes back in place of the response, which is
// closed.
func TestCheckRetryErrorWins(t *testing.T) {
	t.Parallel()
	errMine := errors.New("mine")
	for name, c := range map[string]struct {
		check    retryablehttp.CheckRetry
		attempts int
		want     string
	}{
		"it ends the call": {
			func(context.Context, *http.Response, error) (bool, error) { return false, errMine }, 1,
			"retryable: gave up after 1 attempt: mine",
		},
		"attempts run out": {
			func(context.Context, *http.Response, error) (bool, error) { return true, errMine }, 3,
			"retryable: gave up after 3 attempts: mine",
		},
		"propagated": {
			retryablehttp.ErrorPropagatedRetryPolicy, 3,
			"retryable: gave up after 3 attempts: unexpected HTTP status 503 Service Unavailable",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, 503)
			rc := tuned(t)
			var closed closedBodies
			rc.HTTPClient.Transport = closed.watch(rc.HTTPClient.Transport)
			rc.CheckRetry, rc.RetryMax = c.check, 2
			for range 3 {
				_, err := fromClient(t, rc).Do(post(t, s.URL))
				if err == nil || !strings.HasSuffix(err.Error(), c.want) {
					t.Errorf("error %v, want %s", err, c.want)
				}
			}
			if len(s.requests()) != 3*c.attempts || closed.open() != 0 || s.connections() >= 3*c.attempts {
				t.Errorf("%d attempts, %d responses open, %d connections", len(s.requests()), closed.open(), s.connections())
			}
		})
	}
}

func TestCheckRetryErrorAndTransportError(t *testing.T) {
	t.Parallel()
	errMine := errors.New("mine")
	rc := tuned(t)
	rc.HTTPClient.Transport = roundTripper(func(*http.Request) (*http.Response, error) { return nil, io.EOF })
	rc.CheckRetry = func(context.Context, *http.Response, error) (bool, error) { return false, errMine }
	_, err := fromClient(t, rc).Get("http://example.com")
	if !errors.Is(err, errMine) || !errors.Is(err, io.EOF) {
		t.Errorf("error %v", err)
	}
	rc.CheckRetry = retryablehttp.ErrorPropagatedRetryPolicy // returns what it was given
	rc.HTTPClient.Transport = roundTripper(func(*http.Request) (*http.Response, error) { return nil, errUntrusted })
	_, err = fromClient(t, rc).Get("http://example.com")
	if want := `Get "http://example.com": ` + errUntrusted.Error(); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// The cause of a context is not replaced by the ctx.Err() of DefaultRetryPolicy.
func TestCancelledCallKeepsItsCause(t *testing.T) {
	t.Parallel()
	errLeft := errors.New("left")
	ctx, cancel := context.WithCancelCause(t.Context())
	s := newServer(t, 503)
	rc := tuned(t)
	rc.RetryWaitMin, rc.RetryWaitMax = time.Hour, time.Hour
	client := fromClient(t, rc, transport.WithMaxRetryAfter(time.Hour), transport.WithObserver(transport.Observer{
		Attempt: func(context.Context, transport.Attempt) { cancel(errLeft) },
	}))
	_, err := client.Do(post(t, s.URL).WithContext(ctx))
	if !errors.Is(err, errLeft) {
		t.Errorf("error %v", err)
	}
}

func TestAnswersAboutKeysAreForTheDefaultRule(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		switch n.Add(1) {
		case 1:
			w.Header().Set("Idempotency-Status", "in-progress")
			w.WriteHeader(http.StatusConflict)
		default:
			w.Header().Set("Idempotency-Replayed", "true")
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(s.Close)
	resp, err := fromClient(t, tuned(t)).Do(post(t, s.URL))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if n.Load() != 2 || resp.StatusCode != http.StatusInternalServerError {
		t.Errorf("%d attempts, status %d", n.Load(), resp.StatusCode)
	}
}

func TestFromClientKeepsJarAndRedirects(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "seat", Value: "17"})
		http.Redirect(w, r, "/there", http.StatusFound)
	})
	mux.HandleFunc("/there", func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie("seat")
		fmt.Fprint(w, cookie, err)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	rc := tuned(t)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	rc.HTTPClient.Jar = jar
	redirects := 0
	rc.HTTPClient.CheckRedirect = func(*http.Request, []*http.Request) error {
		redirects++
		return nil
	}
	resp, err := fromClient(t, rc).Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || string(body) != "seat=17 <nil>" || redirects != 1 {
		t.Errorf("%q, %v, %d redirects", body, err, redirects)
	}
}

func TestWhatCannotBeCarried(t *testing.T) {
	t.Parallel()
	rc := tuned(t)
	rc.Logger = "stderr"
	rc.HTTPClient = retryablehttp.NewClient().StandardClient()
	_, err := retryable.FromClient(rc)
	if !errors.Is(err, retryable.ErrLogger) || !errors.Is(err, retryable.ErrNested) {
		t.Errorf("error %v", err)
	}
}

// A client without callbacks, with which retryablehttp would panic, gets those of this
// module.
func TestNilCallbacksAreTheDefaults(t *testing.T) {
	t.Parallel()
	s := newServer(t, 408, 200)
	resp, err := fromClient(t, &retryablehttp.Client{
		HTTPClient: &http.Client{Transport: base(t)}, RetryMax: 1, RetryWaitMin: 1, RetryWaitMax: 2,
	}).Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("status %d: 408 is for the default rule to know", resp.StatusCode)
	}
}

func TestLoggers(t *testing.T) {
	t.Parallel()
	for name, logger := range map[string]func(*bytes.Buffer) any{
		"printed": func(b *bytes.Buffer) any { return log.New(b, "", 0) },
		"leveled": func(b *bytes.Buffer) any { return levels{b} },
	} {
		var out bytes.Buffer
		rc := tuned(t)
		rc.Logger = logger(&out)
		rc.RetryMax = 1
		rc.RequestLogHook = func(l retryablehttp.Logger, _ *http.Request, n int) { l.Printf("hook %d", n) }
		rc.HTTPClient.Transport = roundTripper(func(*http.Request) (*http.Response, error) { return nil, io.EOF })
		if _, err := fromClient(t, rc).Get("http://me:secret@example.com/?q"); !errors.Is(err, io.EOF) {
			t.Errorf("%s: error %v", name, err)
		}
		want := map[string]string{
			"printed": "hook 0\n[ERR] http://example.com:80: attempt 1 failed: EOF\n" +
				"[DEBUG] http://example.com:80: attempt 1 (status: 0): trying again in 1ms (backoff)\n" +
				"hook 1\n[ERR] http://example.com:80: attempt 2 failed: EOF\n",
			"leveled": "INFO hook 0 []\nERROR attempt failed [target http://example.com:80 attempt 1 error EOF]\n" +
				"DEBUG trying again [target http://example.com:80 attempt 1 status 0 delay 1ms source backoff]\n" +
				"INFO hook 1 []\nERROR attempt failed [target http://example.com:80 attempt 2 error EOF]\n",
		}[name]
		if out.String() != want {
			t.Errorf("%s: logged\n%s\nwant\n%s", name, out.String(), want)
		}
	}
}

// levels is a LeveledLogger.
type levels struct{ *bytes.Buffer }

func (l levels) Error(msg string, kv ...any) { fmt.Fprintln(l.Buffer, "ERROR", msg, kv) }
func (l levels) Info(msg string, kv ...any)  { fmt.Fprintln(l.Buffer, "INFO", msg, kv) }
func (l levels) Debug(msg string, kv ...any) { fmt.Fprintln(l.Buffer, "DEBUG", msg, kv) }
func (l levels) Warn(msg string, kv ...any)  { fmt.Fprintln(l.Buffer, "WARN", msg, kv) }
