package eventlog_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/otel/eventlog"
	"github.com/goaroundhq/goaround/server"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/book"
	"github.com/goaroundhq/goaround/transport"
)

// journal is what was logged, without the times.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func newLogger(level slog.Level) (*slog.Logger, *journal) {
	j := &journal{}
	return slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})), j
}

// want compares what was logged with lines, in which * stands for anything.
func (j *journal) want(t *testing.T, lines ...string) {
	t.Helper()
	got := strings.Split(strings.TrimSuffix(j.String(), "\n"), "\n")
	if got[0] == "" {
		got = nil
	}
	if len(got) != len(lines) {
		t.Fatalf("logged %d lines, want %d:\n%s", len(got), len(lines), j)
	}
	for i, line := range lines {
		rest := got[i]
		for part := range strings.SplitSeq(line, "*") {
			_, after, ok := strings.Cut(rest, part)
			if !ok {
				t.Errorf("logged %s\nwant   %s", got[i], line)
				break
			}
			rest = after
		}
	}
}

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

func second() transport.Option {
	return transport.WithBackoff(slot.BackoffFunc(func(int) time.Duration { return time.Second }))
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

type noSlots struct{}

func (noSlots) Reserve(context.Context, string, slot.Feedback) (slot.Reservation, error) {
	return nil, errors.New("down")
}
func (noSlots) Report(string, slot.Feedback) {}

// records is a store that loses the end of claims.
type records struct {
	*idem.Memory
	complete error
}

func (r records) Complete(context.Context, idem.Claim, []byte, []byte, time.Duration) error {
	return r.complete
}

func TestServer(t *testing.T) {
	t.Parallel()
	const secret = "a-secret-key"
	fenced := records{idem.NewMemory(), idem.ErrFenced}
	for _, tt := range []struct {
		name  string
		level slog.Level
		store idem.Store
		fail  bool
		want  []string
	}{
		{"runs and replays", slog.LevelDebug, idem.NewMemory(), false, []string{
			`level=DEBUG msg="request answered" outcome=replayed status=200 pattern="" id=*`,
		}},
		{"nothing to worry about", slog.LevelInfo, idem.NewMemory(), false, nil},
		{"unknown", slog.LevelInfo, idem.NewMemory(), true, []string{
			`level=WARN msg="request answered" outcome=executed * ending=abandoned`,
			`level=WARN msg="request answered" outcome=outcome-unknown status=409 *`,
		}},
		{"fenced", slog.LevelWarn, fenced, false, []string{
			`level=ERROR msg="operation was run twice" id=* ending=completed fence=* error="idem: record belongs to another owner"`,
			`level=ERROR msg="request answered" outcome=executed *`,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			logger, journal := newLogger(tt.level)
			h := server.New(tt.store, server.WithSharedScope(), eventlog.Server(logger), server.WithGuard(eventlog.Guard(logger)))(
				http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
					if tt.fail {
						panic("bug")
					}
				}))
			for range 2 {
				req := httptest.NewRequestWithContext(t.Context(), "POST", "/", http.NoBody)
				req.Header.Set(idem.Header, secret)
				func() {
					defer func() { _ = recover() }()
					h.ServeHTTP(httptest.NewRecorder(), req)
				}()
			}
			journal.want(t, tt.want...)
			if strings.Contains(journal.String(), secret) {
				t.Error("the key was logged")
			}
		})
	}
}

func TestAdmission(t *testing.T) {
	t.Parallel()
	logger, journal := newLogger(slog.LevelDebug)
	h := server.Admission(server.AdmitRate(0.1, 1), server.WithWaitingRoom(0, 0), eventlog.Admission(logger))(
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for range 2 {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/", http.NoBody))
	}
	journal.want(t, `level=DEBUG msg="request not admitted" verdict=refused waited=* slot=* waiting=0`)
}

// books is a store that is down.
type books struct{ *slot.Memory }

func (books) Ask(context.Context, string, book.Rules, book.Ask) (book.Answer, error) {
	return book.Answer{}, errors.New("down")
}

func TestSlots(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		logger, journal := newLogger(slog.LevelWarn)
		q := slot.NewQueue(slot.WithStore(books{slot.NewMemory()}), eventlog.Slots(logger))
		failed := slot.Feedback{Attempt: 1, Result: slot.Failed}
		r, err := q.Reserve(t.Context(), "api", failed)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.(slot.Awaiter).Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if r, err = q.Reserve(t.Context(), "api", failed); err == nil { // it is known by now
			r.Cancel()
		}
		journal.want(t, `level=WARN msg="callers not paced, store cannot be asked" target=api callers=1 error=*down*`)
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A nil logger logs nothing, and breaks nothing.
func TestNilLogger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		rt := transport.New(roundTripper(func(req *http.Request) (*http.Response, error) {
			sent++
			return status(503)(req)
		}), eventlog.Transport(nil), second(), transport.WithMaxAttempts(2))
		call(t.Context(), rt)
		if sent != 2 {
			t.Errorf("%d attempts, want 2", sent)
		}
	})
}

// A key that another operation has is the error of its caller, who is told of it.
func TestGuardOfAKeyThatIsReused(t *testing.T) {
	t.Parallel()
	const secret = "key-of-the-first"
	for _, tt := range []struct {
		level slog.Level
		want  []string
	}{
		{slog.LevelDebug, []string{`level=DEBUG msg="key belongs to another operation" id=*`}},
		{slog.LevelInfo, nil},
	} {
		logger, journal := newLogger(tt.level)
		guard := idem.NewGuard(idem.NewMemory(), eventlog.Guard(logger))
		for _, amount := range []int{1, 1, 2} {
			_, _ = idem.Do(t.Context(), guard, idem.Operation{Name: "charge", Scope: idem.SharedScope, Key: secret, Params: amount},
				func(context.Context) (int, error) { return amount, nil })
		}
		journal.want(t, tt.want...)
		if strings.Contains(journal.String(), secret) {
			t.Error("the key was logged")
		}
	}
}
