package transport_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/transport"
)

// inTime tries with more and more time until there is a response: a machine that stands still
// for a moment has not even a connection in the first.
func inTime(t *testing.T, try func(timeout time.Duration) (*http.Response, error)) *http.Response {
	t.Helper()
	for timeout := 300 * time.Millisecond; ; timeout *= 2 {
		resp, err := try(timeout)
		if err == nil {
			return resp
		}
		if timeout > within {
			t.Fatal(err)
		}
	}
}

// Over the wire: the body of a slow download comes whole, long after the time of an attempt.
func TestSlowBodyOverTheWire(t *testing.T) {
	t.Parallel()
	const parts = 20
	var n atomic.Int32
	w := newWire(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // this attempt was given up already, on a busy machine
		}
		if string(body) != "content" {
			t.Errorf("body %q", body)
		}
		if n.Add(1) == 1 {
			<-r.Context().Done() // the first attempt is too slow
			return
		}
		for i := range parts {
			_, _ = fmt.Fprintln(w, i)
			_ = http.NewResponseController(w).Flush()
			time.Sleep(20 * time.Millisecond)
		}
	}, transport.WithAttemptTimeout(200*time.Millisecond), transport.WithTimeout(within), transport.WithMaxAttempts(0))
	code, body, err := w.do(t, "POST", strings.NewReader("content"))
	if code != 200 || strings.Count(body, "\n") != parts || err != nil {
		t.Errorf("%d %q, %v", code, body, err)
	}
}

// Over the wire: the total time cuts a body that never ends, and says so.
func TestTimeoutCutsTheBody(t *testing.T) {
	t.Parallel()
	for _, http2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("http2=%t", http2), func(t *testing.T) {
			t.Parallel()
			ts, client := newTLS(t, http2, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, "begun")
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done()
				panic(http.ErrAbortHandler) // an orderly end might still arrive
			})
			req, err := http.NewRequestWithContext(t.Context(), "GET", ts.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp := inTime(t, func(timeout time.Duration) (*http.Response, error) {
				return transport.New(client.Transport, transport.WithTimeout(timeout)).RoundTrip(req)
			})
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if string(body) != "begun" || !errors.Is(err, transport.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%q, %v", body, err)
			}
		})
	}
}

// Attempts with a time of their own give their connections back like others.
func TestTimeoutsKeepConnections(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	w := newWire(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1)%2 == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = io.WriteString(w, strings.Repeat("x", 10_000))
	}, transport.WithAttemptTimeout(within), transport.WithTimeout(within), transport.WithBudget(nil))
	for range 50 {
		if code, body, err := w.do(t, "GET", nil); code != 200 || len(body) != 10_000 || err != nil {
			t.Fatalf("%d, %d bytes, %v", code, len(body), err)
		}
	}
	if got := w.opened.Load(); got > 20 { // of 100 exchanges: one, unless the machine is busy
		t.Errorf("%d connections", got)
	}
}

// A connection that changes its protocol can be written to (net/http documents that).
func TestUpgradeThroughTimeouts(t *testing.T) {
	t.Parallel()
	w := newWire(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		_ = rw.Flush()
		line, _ := rw.ReadString('\n')
		_, _ = rw.WriteString(line)
		_ = rw.Flush()
	}, transport.WithAttemptTimeout(within), transport.WithTimeout(within))
	resp, err := w.upgrade(t)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	conn, ok := resp.Body.(io.ReadWriteCloser)
	if !ok {
		t.Fatalf("the body of a 101 is a %T", resp.Body)
	}
	if _, err := io.WriteString(conn, "hello\n"); err != nil {
		t.Error(err)
	}
	if echo, err := io.ReadAll(conn); string(echo) != "hello\n" || err != nil {
		t.Errorf("%q, %v", echo, err)
	}
}
