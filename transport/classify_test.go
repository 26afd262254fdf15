package transport_test

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
	"strconv"
	"syscall"
	"testing"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/transport"
)

// attempts counts how often a call of the method is tried when every attempt ends alike.
func attempts(t *testing.T, method string, answer func(*http.Request) (*http.Response, error), opts ...transport.Option) int {
	t.Helper()
	const limit = 3
	s := newScript(t, repeat(limit, answer)...)
	opts = append([]transport.Option{transport.WithBackoff(noWait), transport.WithMaxAttempts(limit), transport.WithKeyMethods()}, opts...)
	_, _, _ = roundTrip(t, transport.New(s, opts...), newRequest(t, method, ""))
	return len(s.sent)
}

func TestStatusTable(t *testing.T) {
	t.Parallel()
	retried := map[int]bool{408: true, 425: true, 429: true, 500: true, 502: true, 503: true, 504: true}
	for code := 200; code < 600; code++ {
		want := 1
		if retried[code] {
			want = 3
		}
		if got := attempts(t, "GET", status(code)); got != want {
			t.Errorf("GET %d: %d attempts, want %d", code, got, want)
		}
		if got := attempts(t, "POST", status(code)); got != 1 {
			t.Errorf("POST without a key, %d: %d attempts, want 1", code, got)
		}
	}
}

func TestMethodTable(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]int{
		"GET": 3, "HEAD": 3, "OPTIONS": 3, "TRACE": 3, "PUT": 3, "DELETE": 3, "": 3,
		"POST": 1, "PATCH": 1, "CONNECT": 1, "LOCK": 1, "get": 1,
	} {
		if got := attempts(t, method, status(503)); got != want {
			t.Errorf("%s: %d attempts, want %d", method, got, want)
		}
		if method == "" || method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE" {
			continue
		}
		if got := attempts(t, method, status(503), transport.WithKeyMethods(method)); got != 3 {
			t.Errorf("%s with a key: %d attempts, want 3", method, got)
		}
	}
}

func TestAnswersOfOurServer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		code   int
		fields []string
		get    int // attempts
		post   int
	}{
		{"in progress", 409, []string{idem.StatusHeader, string(idem.InProgress)}, 3, 1},
		{"other conflict", 409, nil, 1, 1},
		{"outcome unknown", 409, []string{idem.StatusHeader, string(idem.OutcomeUnknown)}, 1, 1},
		{"response not stored", 409, []string{idem.StatusHeader, string(idem.ResponseNotStored)}, 1, 1},
		{"key reused", 422, []string{idem.StatusHeader, string(idem.KeyReused)}, 1, 1},
		{"store unavailable: nothing happened now, but perhaps before", 503, []string{idem.StatusHeader, string(idem.StoreUnavailable)}, 3, 1},
		{"unprotected", 503, []string{idem.StatusHeader, string(idem.Unprotected)}, 3, 1},
		{"a replayed failure is the result", 500, []string{idem.ReplayedHeader, "true"}, 1, 1},
	} {
		if got := attempts(t, "GET", status(tt.code, tt.fields...)); got != tt.get {
			t.Errorf("%s: GET: %d attempts, want %d", tt.name, got, tt.get)
		}
		if got := attempts(t, "POST", status(tt.code, tt.fields...)); got != tt.post {
			t.Errorf("%s: POST: %d attempts, want %d", tt.name, got, tt.post)
		}
		want := max(tt.get, tt.post)
		if got := attempts(t, "POST", status(tt.code, tt.fields...), transport.WithKeyMethods("POST")); got != want {
			t.Errorf("%s: POST with a key: %d attempts, want %d", tt.name, got, want)
		}
	}
}

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

func TestOwnRulesComeFirst(t *testing.T) {
	t.Parallel()
	is := func(code int, v transport.Verdict) transport.Classifier {
		return func(o transport.Outcome) transport.Verdict {
			if o.Response != nil && o.Response.StatusCode == code {
				return v
			}
			return transport.Unsure
		}
	}
	for _, tt := range []struct {
		name   string
		rules  []transport.Classifier
		method string
		answer func(*http.Request) (*http.Response, error)
		want   int
	}{
		{"forbids", []transport.Classifier{is(503, transport.Final)}, "GET", status(503), 1},
		{"allows", []transport.Classifier{is(404, transport.Repeat)}, "GET", status(404), 3},
		{"allows, but the method does not", []transport.Classifier{is(404, transport.Repeat)}, "POST", status(404), 1},
		{"knows that nothing happened", []transport.Classifier{is(404, transport.Unprocessed)}, "POST", status(404), 3},
		{"retries a success", []transport.Classifier{is(202, transport.Repeat)}, "GET", status(202), 3},
		{"the first that knows", []transport.Classifier{is(404, transport.Unsure), is(404, transport.Final), is(404, transport.Repeat)}, "GET", status(404), 1},
		{"no such verdict", []transport.Classifier{is(503, 9)}, "GET", status(503), 1},
		{"none knows", []transport.Classifier{is(404, transport.Final)}, "GET", status(503), 3},
	} {
		if got := attempts(t, tt.method, tt.answer, transport.WithClassifier(tt.rules...)); got != tt.want {
			t.Errorf("%s: %d attempts, want %d", tt.name, got, tt.want)
		}
	}
}

func TestRulesSeeTheAttempt(t *testing.T) {
	t.Parallel()
	var seen []int
	rule := func(o transport.Outcome) transport.Verdict {
		if (o.Response == nil) == (o.Err == nil) || o.Request == nil {
			t.Errorf("outcome %+v", o)
		}
		seen = append(seen, o.Attempt)
		return transport.Unsure
	}
	s := newScript(t, status(503), failure(io.EOF), status(200))
	if code, _, _ := roundTrip(t, transport.New(s, transport.WithClassifier(rule), transport.WithBackoff(noWait)), newRequest(t, "GET", "")); code != 200 {
		t.Errorf("status %d", code)
	}
	if fmt.Sprint(seen) != "[1 2 3]" {
		t.Errorf("attempts %v", seen)
	}
}

func TestVerdictString(t *testing.T) {
	t.Parallel()
	for v, want := range map[transport.Verdict]string{
		transport.Unsure: "unsure", transport.Final: "final", transport.Repeat: "repeat", transport.Unprocessed: "unprocessed", 9: "invalid",
	} {
		if got := v.String(); got != want {
			t.Errorf("Verdict(%d) = %q, want %q", v, got, want)
		}
	}
}

// What a server says outright about another attempt beats its status, but not what our own
// rules, or the rules of the user, know.
func TestPushback(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		code   int
		fields []string
		opts   []transport.Option
		want   int
	}{
		{"stripe says no", 503, []string{"Stripe-Should-Retry", "false"}, nil, 1},
		{"stripe says yes", 409, []string{"Stripe-Should-Retry", "true"}, nil, 3},
		{"others say no", 429, []string{"X-Should-Retry", "false"}, nil, 1},
		{"others say yes", 400, []string{"X-Should-Retry", "true"}, nil, 3},
		{"neither", 503, []string{"X-Should-Retry", "perhaps"}, nil, 3},
		{"of a success", 200, []string{"X-Should-Retry", "true"}, nil, 1},
		{"of a replay", 500, []string{"X-Should-Retry", "true", idem.ReplayedHeader, "true"}, nil, 1},
		{"own rule", 503, []string{"X-Should-Retry", "false"}, []transport.Option{transport.WithClassifier(transport.OnStatus(transport.Repeat, 503))}, 3},
	} {
		if got := attempts(t, "GET", status(tt.code, tt.fields...), tt.opts...); got != tt.want {
			t.Errorf("%s: %d attempts, want %d", tt.name, got, tt.want)
		}
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	errOdd := errors.New("odd")
	limited := func(resp *http.Response) bool { return resp.Header.Get("X-Limited") != "" }
	isOdd := func(err error) bool { return errors.Is(err, errOdd) }
	for _, tt := range []struct {
		name   string
		rule   transport.Classifier
		answer func(*http.Request) (*http.Response, error)
		want   int
	}{
		{"status", transport.OnStatus(transport.Repeat, 404, 520), status(520), 3},
		{"another status", transport.OnStatus(transport.Repeat, 404, 520), status(521), 1},
		{"status of an error", transport.OnStatus(transport.Final, 0), failure(io.EOF), 3},
		{"response", transport.OnResponse(transport.Repeat, limited), status(403, "X-Limited", "1"), 3},
		{"another response", transport.OnResponse(transport.Repeat, limited), status(403), 1},
		{"response of an error", transport.OnResponse(transport.Final, limited), failure(io.EOF), 3},
		{"error", transport.OnError(transport.Final, isOdd), failure(fmt.Errorf("wrapped: %w", errOdd)), 1},
		{"another error", transport.OnError(transport.Final, isOdd), failure(io.EOF), 3},
		{"error of a response", transport.OnError(transport.Final, isOdd), status(503), 3},
	} {
		if got := attempts(t, "GET", tt.answer, transport.WithClassifier(tt.rule)); got != tt.want {
			t.Errorf("%s: %d attempts, want %d", tt.name, got, tt.want)
		}
	}
	for want, f := range map[string]func(){
		"transport: OnResponse(nil)": func() { transport.OnResponse(transport.Final, nil) },
		"transport: OnError(nil)":    func() { transport.OnError(transport.Final, nil) },
	} {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("recovered %v, want %q", got, want)
				}
			}()
			f()
		}()
	}
}

// A call that was not sent may be sent, whatever it is; Classify says so for the rules of
// others, too.
func TestClassifyUnsent(t *testing.T) {
	t.Parallel()
	o := transport.Outcome{Request: newRequest(t, "POST", ""), Err: io.EOF, Attempt: 1, Unsent: true}
	if got := transport.Classify(o); got != transport.Unprocessed {
		t.Errorf("verdict %v", got)
	}
	o.Err = x509.UnknownAuthorityError{}
	if got := transport.Classify(o); got != transport.Final {
		t.Errorf("verdict %v of an error that stays", got)
	}
}
