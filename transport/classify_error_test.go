package transport_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"syscall"
	"testing"

	"github.com/goaroundhq/goaround/transport"
)

func TestErrorTable(t *testing.T) {
	t.Parallel()
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	read := func(err error) error { return &net.OpError{Op: "read", Net: "tcp", Err: err} }
	const no, safe, repeated = 1, 2, 3 // what is retried: nothing, everything, what may be repeated
	for _, tt := range []struct {
		name string
		err  error
		want int
	}{
		{"connection refused", dial(syscall.ECONNREFUSED), safe},
		{"dial timeout", dial(&timeoutError{}), safe},
		{"unreachable", dial(syscall.EHOSTUNREACH), safe},
		{"proxy refused", &net.OpError{Op: "proxyconnect", Err: dial(syscall.ECONNREFUSED)}, safe},
		{"no such host", dial(&net.DNSError{Err: "no such host", IsNotFound: true}), no},
		{"no such host, bare", &net.DNSError{Err: "no such host", IsNotFound: true}, no},
		{"resolver timeout", dial(&net.DNSError{Err: "timeout", IsTimeout: true}), safe},
		{"resolver failed", &net.DNSError{Err: "server misbehaving", IsTemporary: true}, safe},
		{"stream refused", http2StreamError{StreamID: 1, Code: 7}, safe},
		{"stream refused, as text", errors.New("http2: Transport: cannot retry err [stream error: stream ID 1; REFUSED_STREAM; received from peer] after Request.Body was written; define Request.GetBody to avoid this error"), safe},
		{"stream gone, as text", errors.New("http2: Transport: cannot retry err [http2: client connection lost] after Request.Body was written"), repeated},
		{"proxy wants a password", errors.New("Proxy Authentication Required"), no},
		{"stream not begun, as text", errors.New("http2: Transport: cannot retry err [http2: Transport received Server's graceful shutdown GOAWAY] after Request.Body was written; define Request.GetBody to avoid this error"), safe},
		{"stream not begun for an error, as text", errors.New("http2: Transport received GOAWAY from server ErrCode:ENHANCE_YOUR_CALM"), safe},
		{"no stream on a connection that ended", errors.New("http2: client conn not usable"), safe},
		{"no stream on a connection that never was", errors.New("http2: client conn could not be established"), safe},
		{"breaker", fmt.Errorf("%w: %w", transport.ErrBreakerOpen, errors.New("open")), no},
		{"name for now", &net.DNSError{Err: "no such host, for now", IsNotFound: true, IsTemporary: true}, safe},
		{"alert: protocol version", &net.OpError{Op: "remote error", Err: alert(70)}, no},
		{"alert: internal error", &net.OpError{Op: "remote error", Err: alert(80)}, repeated},
		{"alert that is a number of somebody else", &net.OpError{Op: "remote error", Err: errors.New("40")}, repeated},
		{"stream reset", http2StreamError{StreamID: 1, Code: 2}, repeated},
		{"connection reset", read(syscall.ECONNRESET), repeated},
		{"broken pipe", &net.OpError{Op: "write", Err: syscall.EPIPE}, repeated},
		{"EOF", io.EOF, repeated},
		{"unexpected EOF", io.ErrUnexpectedEOF, repeated},
		{"read timeout", read(&timeoutError{}), repeated},
		{"GOAWAY", errors.New("http2: server sent GOAWAY and closed the connection"), repeated},
		{"not known", errors.New("something else"), repeated},
		{"an attempt's own timeout", context.DeadlineExceeded, repeated},
		{"certificate", &tls.CertificateVerificationError{Err: errors.New("expired")}, no},
		{"authority", x509.UnknownAuthorityError{}, no},
		{"host name", x509.HostnameError{Certificate: &x509.Certificate{}, Host: "api"}, no},
		{"invalid certificate", x509.CertificateInvalidError{Cert: &x509.Certificate{}, Reason: x509.Expired}, no},
		{"plain HTTP on the TLS port", tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, no},
		{"scheme", errors.New(`unsupported protocol scheme "ftp"`), no},
		{"no host", errors.New("http: no Host in request URL"), no},
		{"wrong length", errors.New("http: ContentLength=100 with Body length 5"), no},
		{"header field", errors.New(`net/http: invalid header field name "a b"`), no},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, err := range []error{
				tt.err,
				fmt.Errorf("wrapped: %w", tt.err),
				&url.Error{Op: "Get", URL: api, Err: tt.err},
				errors.Join(errors.New("joined"), tt.err),
			} {
				get, post := 1, 1
				if tt.want != no {
					get = 3
				}
				if tt.want == safe {
					post = 3
				}
				if got := attempts(t, "GET", failure(err)); got != get {
					t.Errorf("GET, %T: %d attempts, want %d", err, got, get)
				}
				if got := attempts(t, "POST", failure(err)); got != post {
					t.Errorf("POST without a key, %T: %d attempts, want %d", err, got, post)
				}
			}
		})
	}
}

// http2StreamError has the name, shape and method of the one inside net/http.
type http2StreamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e http2StreamError) Error() string { return "stream error " + strconv.Itoa(int(e.Code)) }

func (e http2StreamError) As(target any) bool {
	// In net/http this fills any struct with these fields; errors.As then has it.
	return transport.FillStreamError(target, e.StreamID, e.Code)
}

// alert has the shape of the one inside crypto/tls.
type alert uint8

func (a alert) Error() string { return "tls: alert " + strconv.Itoa(int(a)) }

type timeoutError struct{}

func (*timeoutError) Error() string   { return "i/o timeout" }
func (*timeoutError) Timeout() bool   { return true }
func (*timeoutError) Temporary() bool { return true }
