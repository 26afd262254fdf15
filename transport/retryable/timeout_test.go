package retryable_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/goaroundhq/goaround/transport"
)

// stalling hangs in its first attempts, before or after the header.
func stalling(t *testing.T, attempts int, header bool) (s *httptest.Server, sent *atomic.Int32) {
	t.Helper()
	sent = new(atomic.Int32)
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // a server notices only then that the client leaves
		if int(sent.Add(1)) > attempts {
			fmt.Fprint(w, "all of it")
			return
		}
		if header {
			fmt.Fprint(w, "some")
			_ = http.NewResponseController(w).Flush()
		}
		<-r.Context().Done() // until the attempt is given up
	}))
	t.Cleanup(s.Close)
	return s, sent
}

// The timeout of the HTTPClient is one of each attempt, not of the call.
func TestTimeoutIsForAnAttempt(t *testing.T) {
	t.Parallel()
	s, sent := stalling(t, 2, false)
	rc := tuned(t)
	rc.HTTPClient.Timeout, rc.RetryMax = 500*time.Millisecond, 9
	client := fromClient(t, rc)
	if client.Timeout != 0 {
		t.Errorf("timeout of the call %v", client.Timeout)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a guard
	defer cancel()
	resp, err := client.Do(post(t, s.URL).WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || string(body) != "all of it" {
		t.Errorf("body %q, %v", body, err)
	}
	if sent.Load() < 3 { // more on a busy machine
		t.Errorf("%d attempts", sent.Load())
	}
	if rc.HTTPClient.Timeout == 0 {
		t.Error("the client was changed")
	}
}

func TestTimeoutOfEveryAttempt(t *testing.T) {
	t.Parallel()
	s, sent := stalling(t, 9, false)
	rc := tuned(t)
	rc.HTTPClient.Timeout, rc.RetryMax = 50*time.Millisecond, 1
	_, err := fromClient(t, rc).Do(post(t, s.URL))
	if !errors.Is(err, transport.ErrAttemptTimeout) || !errors.Is(err, context.DeadlineExceeded) || !isTimeout(err) {
		t.Errorf("error %v", err)
	}
	if sent.Load() > 2 {
		t.Errorf("%d attempts", sent.Load())
	}
}

// It goes on while the body is read, as that of http.Client does.
func TestTimeoutCoversTheBody(t *testing.T) {
	t.Parallel()
	s, sent := stalling(t, 1, true)
	rc := tuned(t)
	rc.HTTPClient.Timeout = 3 * time.Second // the header comes before, on a busy machine too
	resp, err := fromClient(t, rc).Do(post(t, s.URL))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if string(body) != "some" || !errors.Is(err, transport.ErrAttemptTimeout) || !isTimeout(err) {
		t.Errorf("body %q, %v", body, err)
	}
	if sent.Load() != 1 {
		t.Errorf("%d attempts", sent.Load())
	}
}

// isTimeout looks only at the error itself, as many callers do.
func isTimeout(err error) bool {
	timeout, ok := err.(net.Error) //nolint:errorlint // that is the point
	return ok && timeout.Timeout()
}

func TestPolicyKeepsTimeouts(t *testing.T) {
	t.Parallel()
	rc := tuned(t)
	rc.HTTPClient.Transport = roundTripper(func(*http.Request) (*http.Response, error) { return nil, os.ErrDeadlineExceeded })
	for name, check := range map[string]retryablehttp.CheckRetry{
		"its own":        func(context.Context, *http.Response, error) (bool, error) { return false, errors.New("mine") },
		"what was given": func(_ context.Context, _ *http.Response, err error) (bool, error) { return false, err },
	} {
		rc.CheckRetry = check
		_, err := fromClient(t, rc).Get("http://example.com")
		if !errors.Is(err, os.ErrDeadlineExceeded) || !isTimeout(err) {
			t.Errorf("it returns %s: %v", name, err)
		}
	}
}
