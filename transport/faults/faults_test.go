package faults_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/transport/faults"
)

// Each fault does what it says, and keeps the contract of a RoundTripper.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		fault   faults.Fault
		reaches bool // the server
		status  int
		body    string
		readErr error
		err     error
		op      string
	}{
		{name: "none", fault: faults.None(), reaches: true, status: 200, body: text},
		{name: "latency", fault: faults.Latency(time.Millisecond, 2*time.Millisecond), reaches: true, status: 200, body: text},
		{name: "status", fault: faults.Status(503, "Retry-After", "1"), status: 503, body: "Service Unavailable"},
		{name: "status without a body", fault: faults.Status(204), status: 204},
		{name: "refuse", fault: faults.Refuse(), err: syscall.ECONNREFUSED, op: "dial"},
		{name: "reset", fault: faults.Reset(), err: syscall.ECONNRESET, op: "write"},
		{name: "lose response", fault: faults.LoseResponse(), reaches: true, err: syscall.ECONNRESET, op: "read"},
		{name: "truncate", fault: faults.Truncate(9), reaches: true, status: 200, body: text[:9], readErr: io.ErrUnexpectedEOF},
		{name: "truncate at once", fault: faults.Truncate(0), reaches: true, status: 200, readErr: io.ErrUnexpectedEOF},
		{name: "truncate at the end", fault: faults.Truncate(int64(len(text))), reaches: true, status: 200, body: text},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			req, sent := post(t, s.URL)
			resp, err := faults.Script(tt.fault)(s.base).RoundTrip(req)
			if sent.closed.Load() == 0 {
				t.Error("the request's body was not closed")
			}
			if got := s.seen.Load() == 1; got != tt.reaches {
				t.Errorf("reached the server: %v, want %v", got, tt.reaches)
			}
			if tt.err != nil {
				var op *net.OpError
				if resp != nil || !errors.Is(err, tt.err) || !errors.As(err, &op) || op.Op != tt.op {
					t.Errorf("response %v, error %v, want none and %v in %s", resp, err, tt.err, tt.op)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if resp.StatusCode != tt.status || string(body) != tt.body || !errors.Is(err, tt.readErr) {
				t.Errorf("%d %q, %v, want %d %q, %v", resp.StatusCode, body, err, tt.status, tt.body, tt.readErr)
			}
			if _, again := resp.Body.Read(make([]byte, 1)); tt.readErr != nil && !errors.Is(again, tt.readErr) {
				t.Errorf("reading again: %v", again)
			}
		})
	}
}

func TestStatusIsAResponse(t *testing.T) {
	t.Parallel()
	step := faults.Script(faults.Status(429, "Retry-After", "7", "X-A", "1", "X-A", "2"), faults.Status(429))
	rt := step(nil)
	for i, method := range []string{http.MethodGet, http.MethodHead} {
		req := httptest.NewRequestWithContext(t.Context(), method, "http://api.example.com/", nil)
		resp, err := rt.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || (len(body) == 0) != (method == http.MethodHead) || resp.ContentLength != int64(len("Too Many Requests")) {
			t.Errorf("%s: body %q, %v, length %d", method, body, err, resp.ContentLength)
		}
		if resp.Request != req || resp.Status != "429 Too Many Requests" {
			t.Errorf("%s: request %v, status %q", method, resp.Request, resp.Status)
		}
		if i == 0 && (resp.Header.Get("Retry-After") != "7" || len(resp.Header["X-A"]) != 2) {
			t.Errorf("header %v", resp.Header)
		}
	}
}

// A status has the type that it is given, and one of its own otherwise.
func TestStatusHasOneContentType(t *testing.T) {
	t.Parallel()
	for want, fields := range map[string][]string{
		"text/plain; charset=utf-8": nil,
		"application/json":          {"content-type", "application/json"},
	} {
		resp, err := faults.Script(faults.Status(503, fields...))(nil).RoundTrip(httptest.NewRequestWithContext(t.Context(), "GET", "http://api.example.com/", nil))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if got := resp.Header.Values("Content-Type"); !slices.Equal(got, []string{want}) {
			t.Errorf("Content-Type %q, want %q", got, want)
		}
	}
}

func TestLatency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt := faults.Random(3, faults.Share(1, faults.Latency(time.Second, 3*time.Second)))(pass{})
		distinct := map[time.Duration]bool{}
		for range 20 {
			start := time.Now()
			if _, err := rt.RoundTrip(httptest.NewRequestWithContext(t.Context(), "GET", "http://api.example.com/", nil)); err != nil {
				t.Fatal(err)
			}
			took := time.Since(start)
			if took < time.Second || took > 3*time.Second {
				t.Errorf("took %v", took)
			}
			distinct[took] = true
		}
		if len(distinct) < 10 {
			t.Errorf("only %d different waits of 20", len(distinct))
		}
	})
}

func TestLatencyEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		body := &closeCounter{Reader: strings.NewReader("content")}
		req := httptest.NewRequestWithContext(ctx, "PUT", "http://api.example.com/", body)
		start := time.Now()
		_, err := faults.Script(faults.Latency(time.Hour, time.Hour))(pass{}).RoundTrip(req)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second || body.closed.Load() != 1 {
			t.Errorf("%v after %v, body closed %d times", err, time.Since(start), body.closed.Load())
		}
	})
}

func TestProgrammerErrorsPanic(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(){
		"share":        func() { faults.Share(1.1, faults.Reset()) },
		"NaN":          func() { faults.Share(0/zero, faults.Reset()) },
		"sum":          func() { faults.Random(1, faults.Share(0.6, faults.Reset()), faults.Share(0.5, faults.Refuse())) },
		"zero chance":  func() { faults.Random(1, faults.Chance{}) },
		"nil fault":    func() { faults.Script(nil) },
		"nil share":    func() { faults.Share(0.1, nil) },
		"nil match":    func() { faults.Only(nil, faults.Script()) },
		"nil step":     func() { faults.Only(func(*http.Request) bool { return true }, nil) },
		"latency":      func() { faults.Latency(2, 1) },
		"informal":     func() { faults.Status(100) },
		"half a field": func() { faults.Status(503, odd...) },
		"truncate":     func() { faults.Truncate(-1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

// What the compiler and the linters must not see through.
var (
	zero float64
	odd  = []string{"Retry-After"}
)
