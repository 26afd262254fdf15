package retryable_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/goaroundhq/goaround/transport"
)

// given is one way in which an attempt may end, for both sides to judge.
type given struct {
	method string
	key    bool
	status int
	field  [2]string // of the response
	err    error
	left   bool // the caller has
}

func (g given) String() string {
	s := g.method
	if g.key {
		s += " with a key"
	}
	if g.err != nil {
		s += fmt.Sprintf(", error %v", g.err)
	} else {
		s += fmt.Sprintf(", status %d", g.status)
	}
	if g.field[0] != "" {
		s += fmt.Sprintf(", %s: %s", g.field[0], g.field[1])
	}
	if g.left {
		s += ", caller left"
	}
	return s
}

func (g given) request(ctx context.Context) *http.Request {
	if g.left {
		over, cancel := context.WithCancel(ctx)
		cancel()
		ctx = over
	}
	req := (&http.Request{
		Method: g.method,
		URL:    &url.URL{Scheme: "http", User: url.UserPassword("me", "secret"), Host: "api.example.com", Path: "/orders"},
		Header: http.Header{},
	}).WithContext(ctx)
	if g.key {
		req.Header.Set("Idempotency-Key", `"k"`)
	}
	return req
}

func (g given) response(req *http.Request) *http.Response {
	if g.err != nil {
		return nil
	}
	resp := &http.Response{
		StatusCode: g.status, Status: fmt.Sprint(g.status), Request: req,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader("body")),
	}
	if g.field[0] != "" {
		resp.Header.Set(g.field[0], g.field[1])
	}
	return resp
}

// asClient is the error as http.Client returns it.
func (g given) asClient() error {
	if g.err == nil {
		return nil
	}
	return &url.Error{Op: "Get", URL: "http://api.example.com/orders", Err: g.err}
}

var methods = []given{
	{method: "GET"}, {method: "HEAD"}, {method: "PUT"}, {method: "DELETE"}, {method: "OPTIONS"},
	{method: "POST"}, {method: "PATCH"}, {method: "POST", key: true}, {method: "LOCK"}, {method: "LOCK", key: true},
}

var statuses = []int{
	0, 200, 201, 202, 204, 206, 300, 301, 302, 303, 304, 307, 308,
	400, 401, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 415, 416, 417, 418, 421, 422, 423, 424, 425, 426, 428,
	429, 431, 451, 499, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511, 520, 521, 522, 524, 529, 530, 598, 599, 999,
}

var fields = [][2]string{
	{"Idempotency-Status", "in-progress"}, {"Idempotency-Status", "outcome-unknown"},
	{"Idempotency-Status", "response-not-stored"}, {"Idempotency-Status", "key-reused"},
	{"Idempotency-Status", "store-unavailable"}, {"Idempotency-Replayed", "true"},
	{"Stripe-Should-Retry", "true"}, {"Stripe-Should-Retry", "false"},
	{"X-Should-Retry", "true"}, {"X-Should-Retry", "false"},
	{"Retry-After", "1"}, {"Retry-After", "3600"},
}

var (
	errUntrusted = &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}
	errAlert     = &net.OpError{Op: "remote error", Err: tls.AlertError(42)} // bad_certificate
	failures     = []error{
		io.EOF, io.ErrUnexpectedEOF, errors.New("something new"), os.ErrDeadlineExceeded, net.ErrClosed,
		&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED},
		&net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded},
		&net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET},
		&net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE},
		&net.DNSError{Err: "no such host", Name: "api.example.com", IsNotFound: true},
		&net.DNSError{Err: "server misbehaving", Name: "api.example.com", IsTemporary: true},
		&net.DNSError{Err: "i/o timeout", Name: "api.example.com", IsTimeout: true},
		&net.DNSError{Err: "no such host", Name: "api.example.com", IsNotFound: true, IsTemporary: true},
		errUntrusted, fmt.Errorf("dialing: %w", errUntrusted), errAlert,
		&net.OpError{Op: "remote error", Err: tls.AlertError(80)}, // internal_error
		streamError{Code: 0x2}, streamError{Code: 0x7}, streamError{Code: 0xd}, transport.ErrBreakerOpen,
		x509.UnknownAuthorityError{}, x509.HostnameError{Certificate: &x509.Certificate{}, Host: "api.example.com"},
		tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"},
		errors.New("x509: certificate is not trusted"), // as macOS says it
		errors.New(`unsupported protocol scheme "gopher"`),
		errors.New(`net/http: invalid header field name "a b"`),
		errors.New("http: no Host in request URL"), fmt.Errorf("proxy: %s", http.StatusText(http.StatusProxyAuthRequired)),
		errors.New("http2: server sent GOAWAY and closed the connection"),
		errors.New("http2: timeout awaiting response headers"),
		errors.New("http2: Transport: cannot retry err [stream error: stream ID 3; REFUSED_STREAM] after Request.Body was written"),
	}
)

// streamError fills that of any package, as the HTTP/2 stream error of net/http does.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e streamError) Error() string { return fmt.Sprintf("stream error: code %d", e.Code) }

func (e streamError) As(target any) bool {
	to := reflect.ValueOf(target).Elem()
	if to.Kind() != reflect.Struct || !reflect.TypeOf(e).ConvertibleTo(to.Type()) {
		return false
	}
	to.Set(reflect.ValueOf(e).Convert(to.Type()))
	return true
}

// everything is the table that both sides judge.
func everything() []given {
	var all []given
	for _, g := range methods {
		for _, status := range statuses {
			g := g
			g.status = status
			all = append(all, g)
		}
		for _, err := range failures {
			g := g
			g.err = err
			all = append(all, g)
		}
		for _, field := range fields {
			for _, status := range []int{200, 404, 409, 422, 429, 500, 503} {
				g := g
				g.status, g.field = status, field
				all = append(all, g)
			}
		}
		for _, end := range []given{{status: 200}, {status: 503}, {err: context.Canceled}, {err: io.EOF}} {
			g := g
			g.status, g.err, g.left = end.status, end.err, true
			all = append(all, g)
		}
	}
	return all
}

// tried reports whether the default chain tries again after such an attempt.
func tried(t *testing.T, g given) bool {
	t.Helper()
	attempts := 0
	chain := transport.New(roundTripper(func(req *http.Request) (*http.Response, error) {
		if attempts++; attempts > 1 {
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody}, nil
		}
		return g.response(req), g.err
	}), transport.WithKeyMethods())
	resp, err := chain.RoundTrip(g.request(t.Context()))
	if err == nil {
		_ = resp.Body.Close()
	}
	return attempts > 1
}
