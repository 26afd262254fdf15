package transporttest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// Each of these is a naive retrying RoundTripper that is wrong in one way that real ones
// have been.
var brokenRetries = []struct {
	name    string
	rules   []string
	breakIt func(*naive)
}{
	{"a POST is retried", []string{"Retry/PostWithoutKeyIsNotRepeated"}, func(n *naive) {
		n.again = func(_ *http.Request, resp *http.Response, err error) bool {
			return err != nil || resp.StatusCode >= 500
		}
	}},
	{"nothing is retried", []string{"Retry/ComesToTheSuccess", "RetryBody/IsOpenedAgain"}, func(n *naive) {
		n.again = func(*http.Request, *http.Response, error) bool { return false }
	}},
	{"every error is retried", []string{"Retry/CertificateErrorIsFinal", "Retry/EndedContextIsFinal"}, func(n *naive) {
		n.again = func(_ *http.Request, resp *http.Response, err error) bool {
			return err != nil || resp.StatusCode == 503
		}
		n.sleep = func(context.Context, time.Duration) bool { return true }
	}},
	{"a key of its own for each attempt", []string{"Retry/KeyIsForAllAttempts"}, func(n *naive) {
		var last atomic.Int64
		n.change = func(req *http.Request) { req.Header.Set("Idempotency-Key", strconv.FormatInt(last.Add(1), 10)) }
	}},
	{"gives up with an error", []string{"Retry/LastResponseComesBack", "Response/EveryStatusIsAResponse"}, func(n *naive) {
		n.end = func(resp *http.Response, err error) (*http.Response, error) {
			if err == nil && resp.StatusCode >= 500 {
				_ = resp.Body.Close()
				return nil, errors.New("giving up")
			}
			return resp, err
		}
	}},
	{"responses stay open", []string{"Retry/ResponsesAreClosed", "Connection/ResponsesAreClosed"}, func(n *naive) {
		n.discard = func(*http.Response) {}
	}},
	{"responses are closed unread", []string{"Retry/ConnectionIsUsedAgain"}, func(n *naive) {
		n.discard = func(resp *http.Response) { _ = resp.Body.Close() }
	}},
	{"responses are read to the end", []string{"Retry/LargeResponsesAreNotReadToTheEnd"}, func(n *naive) {
		n.discard = func(resp *http.Response) {
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
	}},
	{"the rest of the body is sent", []string{"RetryBody/IsSentWhole"}, func(n *naive) {
		n.reopen = func(b *body) (io.ReadCloser, error) { return b.req.Body, nil }
	}},
	{"bodies are buffered", []string{"RetryBody/IsOpenedAgain", "RetryBody/LargeOnesAreNotHeld", "Stream/NotReadAhead"}, func(n *naive) {
		n.buffers = true
	}},
	{"bodies start at their beginning", []string{"RetryBody/StartsWhereItStood"}, func(n *naive) {
		n.buffers = true
		n.reopen = func(b *body) (io.ReadCloser, error) {
			if seeker, ok := b.req.Body.(io.Seeker); ok {
				_, _ = seeker.Seek(0, io.SeekStart)
				all, err := io.ReadAll(b.req.Body)
				return io.NopCloser(bytes.NewReader(all[:min(int(b.req.ContentLength), len(all))])), err
			}
			return b.reopen()
		}
	}},
	{"opened bodies stay open", []string{"RetryBody/IsClosedInTheEnd", "RetryBody/IsOpenedAgain"}, func(n *naive) {
		n.reopen = func(b *body) (io.ReadCloser, error) {
			opened, err := b.reopen()
			return io.NopCloser(opened), err
		}
	}},
	{"Retry-After is ignored", []string{"RetryWait/SecondsAreWaited", "RetryWait/DateIsWaitedFor", "RetryWait/HugeSecondsAreNoInstantRetry"}, func(n *naive) {
		n.pause = func(*http.Response) time.Duration { return time.Millisecond }
	}},
	{"jitter on Retry-After", []string{"RetryWait/SecondsAreWaited"}, func(n *naive) {
		n.pause = func(resp *http.Response) time.Duration { return pause(resp) / 2 }
	}},
	{"seconds overflow", []string{"RetryWait/HugeSecondsAreNoInstantRetry"}, func(n *naive) {
		n.pause = func(resp *http.Response) time.Duration {
			seconds, _ := strconv.ParseInt(resp.Header.Get("Retry-After"), 10, 64)
			return time.Duration(seconds) * time.Second
		}
	}},
	{"waits to the deadline", []string{"RetryWait/BeyondTheDeadlineIsNotBegun"}, func(n *naive) {
		n.sleep = func(ctx context.Context, d time.Duration) bool {
			select {
			case <-time.After(d):
				return true
			case <-ctx.Done():
				return false
			}
		}
	}},
	{"sleeps on", []string{"RetryWait/EndsWithTheContext"}, func(n *naive) {
		n.sleep = func(_ context.Context, d time.Duration) bool {
			time.Sleep(min(d, 8*time.Second))
			return true
		}
	}},
}
