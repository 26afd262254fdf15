package eventlog_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/otel/eventlog"
	"github.com/goaroundhq/goaround/transport"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func status(code int) roundTripper {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: code, Body: http.NoBody, Header: http.Header{}}, nil
	}
}

func call(ctx context.Context, rt http.RoundTripper) {
	req := httptest.NewRequestWithContext(ctx, "GET", "http://api.test/", http.NoBody)
	if resp, err := rt.RoundTrip(req); err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
}

func TestTransport(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		level slog.Level
		base  roundTripper
		opts  []transport.Option
		want  []string
	}{
		{"success", slog.LevelDebug, status(200), nil, nil},
		{"given up", slog.LevelDebug, status(503), []transport.Option{transport.WithMaxAttempts(2)}, []string{
			`level=DEBUG msg="attempt failed, another follows" target=http://api.test:80 attempt=1 status=503 key_hash=2c70e12b7a0646f9 delay=1s source=backoff`,
			`level=WARN msg="call given up" target=http://api.test:80 attempt=2 status=503 key_hash=2c70e12b7a0646f9 reason="slot: no attempts left"`,
		}},
		{"quiet", slog.LevelWarn, status(503), []transport.Option{transport.WithMaxAttempts(3)}, []string{`level=WARN msg="call given up"*`}},
		{"an error", slog.LevelWarn, func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
			[]transport.Option{transport.WithMaxAttempts(1)}, []string{`level=WARN msg="call given up" * error="unexpected EOF" *`}},
		{"broken pacer", slog.LevelWarn, status(503), []transport.Option{transport.WithMaxAttempts(2), transport.WithSlots(noSlots{})},
			[]string{`level=WARN msg="attempt failed, another follows" * pacer_error=down`, `level=WARN msg="call given up"*`}},
		{"hedged", slog.LevelDebug, slow, []transport.Option{transport.WithHedging(transport.HedgeAfter(time.Second))},
			[]string{`level=DEBUG msg="attempt hedged" target=http://api.test:80 hedges=1 winner=0 delay=1s latency=1.5s`}},
		{"broken download", slog.LevelWarn, broken, []transport.Option{transport.WithResume(), transport.WithMaxAttempts(1)},
			[]string{`level=WARN msg="download broken" target=http://api.test:80 offset=2 size=4 error="unexpected EOF" reason=*`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				logger, journal := newLogger(tt.level)
				rt := transport.New(tt.base, append([]transport.Option{eventlog.Transport(logger), second()}, tt.opts...)...)
				call(idem.WithKey(t.Context(), "key"), rt)
				journal.want(t, tt.want...)
			})
		})
	}
}

// The caller who leaves has a cause of its own; nobody need be told.
func TestTransportCallerLeaves(t *testing.T) {
	t.Parallel()
	for name, base := range map[string]roundTripper{"a wait": status(503), "an attempt": late, "a download": broken} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				logger, journal := newLogger(slog.LevelInfo)
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(500*time.Millisecond, func() { cancel(errors.New("user pressed stop")) })
				call(ctx, transport.New(base, eventlog.Transport(logger), second(), transport.WithResume()))
				journal.want(t)
			})
		})
	}
}

// late answers when nobody wants it any more.
func late(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return status(503)(req)
}

func slow(req *http.Request) (*http.Response, error) {
	select {
	case <-time.After(1500 * time.Millisecond):
		return status(200)(req)
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
}

func broken(*http.Request) (*http.Response, error) {
	body := io.MultiReader(strings.NewReader("ab"), failing{})
	return &http.Response{StatusCode: 200, ContentLength: 4, Header: http.Header{"Etag": {`"v"`}}, Body: io.NopCloser(body)}, nil
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
