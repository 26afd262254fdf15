package faults_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/goaroundhq/goaround/transport/faults"
	"github.com/goaroundhq/goaround/transport/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server counts what reaches it and answers with a text.
type server struct {
	*httptest.Server
	seen atomic.Int32
	base *http.Transport
}

const text = "the whole response"

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{base: &http.Transport{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		s.seen.Add(1)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(func() {
		s.base.CloseIdleConnections()
		s.Close()
	})
	return s
}

// closeCounter is a body that knows how often it was closed.
type closeCounter struct {
	io.Reader
	closed atomic.Int32
}

func (c *closeCounter) Close() error {
	c.closed.Add(1)
	return nil
}

func post(t *testing.T, url string) (*http.Request, *closeCounter) {
	t.Helper()
	body := &closeCounter{Reader: strings.NewReader("content")}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return req, body
}

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

// fates sends n requests, one after the other, and says which of them failed.
func fates(t *testing.T, step func(http.RoundTripper) http.RoundTripper, n int) (failed []bool) {
	t.Helper()
	rt := step(pass{})
	for range n {
		_, err := rt.RoundTrip(httptest.NewRequestWithContext(t.Context(), "GET", "http://api.example.com/", nil))
		failed = append(failed, err != nil)
	}
	return failed
}

// pass answers everything.
type pass struct{}

func (pass) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Body: http.NoBody, Request: req}, nil
}

func count(failed []bool) (n int) {
	for _, f := range failed {
		if f {
			n++
		}
	}
	return n
}

// A step that does nothing to a request does nothing to the contract.
func TestStepsAreLawful(t *testing.T) {
	t.Parallel()
	always := func(*http.Request) bool { return true }
	transporttest.Run(t, transporttest.Target{
		New: faults.Only(always, faults.Random(1, faults.Share(0.5, faults.None()))),
	})
}

func TestScriptIsPlayedOnce(t *testing.T) {
	t.Parallel()
	got := fates(t, faults.Script(faults.None(), faults.Reset(), faults.Reset()), 5)
	if want := []bool{false, true, true, false, false}; !slices.Equal(got, want) {
		t.Errorf("failed %v, want %v", got, want)
	}
}

func TestRandomFollowsItsSeed(t *testing.T) {
	t.Parallel()
	const n = 2000
	step := func(seed uint64) func(http.RoundTripper) http.RoundTripper {
		return faults.Random(seed, faults.Share(0.2, faults.Reset()), faults.Share(0.1, faults.Refuse()))
	}
	first, second, other := fates(t, step(1), n), fates(t, step(1), n), fates(t, step(2), n)
	if !slices.Equal(first, second) {
		t.Error("one seed gave two histories")
	}
	if slices.Equal(first, other) {
		t.Error("two seeds gave one history")
	}
	if got := count(first); got < n*25/100 || got > n*35/100 {
		t.Errorf("%d of %d failed, want about 30 %%", got, n)
	}
	if got := count(fates(t, faults.Random(1, faults.Share(1, faults.Reset())), n)); got != n {
		t.Errorf("a share of 1 failed %d of %d", got, n)
	}
	if got := count(fates(t, faults.Random(1, faults.Share(0, faults.Reset())), n)); got != 0 {
		t.Errorf("a share of 0 failed %d", got)
	}
}

// How many random numbers a fault uses does not change what happens to the requests after it.
func TestFaultsDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	greedy := func(req *http.Request, next http.RoundTripper, r *rand.Rand) (*http.Response, error) {
		for range 100 {
			r.Uint64()
		}
		return next.RoundTrip(req)
	}
	with := fates(t, faults.Random(7, faults.Share(0.3, greedy), faults.Share(0.3, faults.Reset())), 200)
	without := fates(t, faults.Random(7, faults.Share(0.3, faults.None()), faults.Share(0.3, faults.Reset())), 200)
	if !slices.Equal(with, without) {
		t.Error("the fates differ")
	}
}

func TestOnly(t *testing.T) {
	t.Parallel()
	step := faults.Only(func(r *http.Request) bool { return r.URL.Path == "/pay" }, faults.Script(faults.Reset()))
	rt := step(pass{})
	for _, tt := range []struct {
		path string
		ok   bool
	}{{"/", true}, {"/pay", false}, {"/pay", true}} {
		_, err := rt.RoundTrip(httptest.NewRequestWithContext(t.Context(), "GET", "http://api.example.com"+tt.path, nil))
		if (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.path, err)
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

type idler struct {
	pass
	closed int
}

func (i *idler) CloseIdleConnections() { i.closed++ }

func TestCloseIdleConnectionsReachesTheBase(t *testing.T) {
	t.Parallel()
	base := &idler{}
	always := func(*http.Request) bool { return true }
	(&http.Client{Transport: faults.Only(always, faults.Script())(base)}).CloseIdleConnections()
	if base.closed != 1 {
		t.Errorf("closed %d times", base.closed)
	}
	(&http.Client{Transport: faults.Script()(pass{})}).CloseIdleConnections() // has no such method
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
