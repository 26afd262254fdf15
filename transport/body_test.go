package transport_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/goaroundhq/goaround/transport"
)

// trackedBody counts what is done to it.
type trackedBody struct {
	io.Reader
	closed atomic.Int32
}

func (b *trackedBody) Close() error {
	b.closed.Add(1)
	return nil
}

// nothing is an empty reader.
type nothing struct{}

// onlyReader hides everything but Read.
type onlyReader struct{ io.Reader }

// seekBody is a tracked body that can be rewound.
type seekBody struct {
	trackedBody
	io.Seeker
}

func newSeekBody(s string, skip int64) *seekBody {
	r := strings.NewReader(s)
	_, _ = r.Seek(skip, io.SeekStart)
	b := &seekBody{Seeker: r}
	b.Reader = r
	return b
}

func TestBodiesAreSentAgain(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("goaround", transport.DefaultBodyBuffer/8)
	for _, tt := range []struct {
		name string
		body func() io.ReadCloser
		want string // sent by each attempt
		opts []transport.Option
		once bool // sent once only
	}{
		{name: "seeker", body: func() io.ReadCloser { return newSeekBody("content", 0) }, want: "content"},
		{name: "seeker from where it stands", body: func() io.ReadCloser { return newSeekBody("header content", 7) }, want: "content"},
		{name: "large seeker", body: func() io.ReadCloser { return newSeekBody(large+large, 0) }, want: large + large},
		{name: "reader", body: func() io.ReadCloser { return &trackedBody{Reader: onlyReader{strings.NewReader("content")}} }, want: "content"},
		{name: "reader by the byte", body: func() io.ReadCloser { return &trackedBody{Reader: iotest.OneByteReader(strings.NewReader("content"))} }, want: "content"},
		{name: "reader with the error at the end", body: func() io.ReadCloser { return &trackedBody{Reader: iotest.DataErrReader(strings.NewReader("content"))} }, want: "content"},
		{name: "empty reader", body: func() io.ReadCloser { return &trackedBody{Reader: nothing{}} }},
		{name: "reader that fills the buffer", body: func() io.ReadCloser { return &trackedBody{Reader: onlyReader{strings.NewReader(large)}} }, want: large},
		{name: "reader beyond the buffer", body: func() io.ReadCloser { return &trackedBody{Reader: onlyReader{strings.NewReader(large + "x")}} }, want: large + "x", once: true},
		{name: "small buffer", body: func() io.ReadCloser { return &trackedBody{Reader: onlyReader{strings.NewReader("content")}} }, want: "content", once: true, opts: []transport.Option{transport.WithBodyBuffer(6)}},
		{name: "no buffer", body: func() io.ReadCloser { return &trackedBody{Reader: onlyReader{strings.NewReader("c")}} }, want: "c", once: true, opts: []transport.Option{transport.WithBodyBuffer(0)}},
		{name: "seeker that cannot", body: func() io.ReadCloser {
			b := newSeekBody("content", 0)
			b.Seeker = noSeeker{}
			return b
		}, want: "content"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, status(503), status(503), status(200))
			req := newRequest(t, "PUT", "")
			req.Body = tt.body()
			code, _, err := roundTrip(t, transport.New(s, append(tt.opts, transport.WithBackoff(noWait))...), req)
			if err != nil {
				t.Fatal(err)
			}
			want, wantCode := 3, 200
			if tt.once {
				want, wantCode = 1, 503
			}
			if len(s.sent) != want || code != wantCode {
				t.Errorf("%d attempts and %d, want %d and %d", len(s.sent), code, want, wantCode)
			}
			for i, r := range s.sent {
				if r.body != tt.want {
					t.Errorf("attempt %d sent %d bytes, want %d", i+1, len(r.body), len(tt.want))
				}
			}
			if got := closes(req.Body); got != 1 {
				t.Errorf("the caller's body was closed %d times", got)
			}
		})
	}
}

func closes(body io.ReadCloser) int32 {
	switch b := body.(type) {
	case *trackedBody:
		return b.closed.Load()
	case *seekBody:
		return b.closed.Load()
	default:
		return -1
	}
}

type noSeeker struct{}

func (noSeeker) Seek(int64, int) (int64, error) { return 0, errors.New("illegal seek") }

// A file that was read up to a point is sent from there, every time, and closed.
func TestFileBody(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "upload")
	if err := os.WriteFile(name, []byte("headercontent"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(f, make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	s := newScript(t, status(503), status(200))
	req := newRequest(t, "PUT", "")
	req.Body = f
	if code, _, err := roundTrip(t, transport.New(s, transport.WithBackoff(noWait)), req); code != 200 || err != nil {
		t.Fatal(code, err)
	}
	if s.sent[0].body != "content" || s.sent[1].body != "content" {
		t.Errorf("sent %q and %q", s.sent[0].body, s.sent[1].body)
	}
	if _, err := f.Stat(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the file is open: %v", err)
	}
}

// A body that a failed attempt read in part is sent whole by the next.
func TestBodyReadInPart(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]io.ReadCloser{
		"seeker": newSeekBody("content", 0),
		"reader": &trackedBody{Reader: onlyReader{strings.NewReader("content")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent []string
			rt := transport.New(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
				defer req.Body.Close()
				if len(sent) < 2 {
					part := make([]byte, 3+len(sent))
					n, err := io.ReadFull(req.Body, part)
					sent = append(sent, string(part[:n]))
					return nil, errors.Join(err, io.ErrUnexpectedEOF)
				}
				whole, err := io.ReadAll(req.Body)
				sent = append(sent, string(whole))
				return &http.Response{StatusCode: 200, Body: http.NoBody}, err
			}), transport.WithBackoff(noWait))
			req := newRequest(t, "PUT", "")
			req.Body = body
			if code, _, err := roundTrip(t, rt, req); code != 200 || err != nil {
				t.Fatal(code, err)
			}
			if got := strings.Join(sent, " "); got != "con cont content" {
				t.Errorf("sent %q", got)
			}
			if got := closes(body); got != 1 {
				t.Errorf("closed %d times", got)
			}
		})
	}
}

// The caller's reader fails: sending its first half again would not help.
func TestBodyWhoseReaderFails(t *testing.T) {
	t.Parallel()
	errDisk := errors.New("disk on fire")
	body := &trackedBody{Reader: io.MultiReader(strings.NewReader("con"), iotest.ErrReader(errDisk))}
	s := newScript(t, status(200))
	req := newRequest(t, "PUT", "")
	req.Body = body
	_, _, err := roundTrip(t, transport.New(s, transport.WithBackoff(noWait)), req)
	if !errors.Is(err, errDisk) || !errors.Is(err, transport.ErrBody) || len(s.sent) != 0 {
		t.Errorf("%v", err)
	}
	if body.closed.Load() != 1 {
		t.Errorf("closed %d times", body.closed.Load())
	}
}

func TestGetBodyThatFails(t *testing.T) {
	t.Parallel()
	errGone := errors.New("file is gone")
	s := newScript(t, status(503, "X-Last", "yes"))
	req := newRequest(t, "PUT", "content")
	req.GetBody = func() (io.ReadCloser, error) { return nil, errGone }
	resp, err := transport.New(s, transport.WithBackoff(noWait)).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); resp.Header.Get("X-Last") != "yes" || err != nil || string(body) == "" {
		t.Errorf("response %v %q, %v", resp.Header, body, err)
	}
}

// A GetBody that gives nothing, for a body that was something.
func TestGetBodyThatGivesNothing(t *testing.T) {
	t.Parallel()
	s := newScript(t, status(503))
	req := newRequest(t, "PUT", "content")
	req.GetBody = func() (io.ReadCloser, error) { return nil, nil }
	var last transport.Attempt
	rt := transport.New(s, transport.WithBackoff(noWait), transport.WithObserver(transport.Observer{
		Attempt: func(_ context.Context, a transport.Attempt) { last = a },
	}))
	if code, _, err := roundTrip(t, rt, req); code != 503 || err != nil || !errors.Is(last.Stop, transport.ErrBody) {
		t.Errorf("%d, %v; stopped by %v", code, err, last.Stop)
	}
}

// A body that was opened for an attempt is closed also when an observer panics before it.
func TestObserverPanicsAndTheBodyIsClosed(t *testing.T) {
	t.Parallel()
	for _, reopened := range []bool{false, true} {
		body := &trackedBody{Reader: onlyReader{strings.NewReader("content")}}
		req := newRequest(t, "PUT", "content")
		if reopened {
			req.GetBody = func() (io.ReadCloser, error) { return body, nil }
		} else {
			req.GetBody, req.Body = nil, body
		}
		rt := transport.New(newScript(t, status(503)), transport.WithObserver(transport.Observer{
			Attempt: func(context.Context, transport.Attempt) { panic("observer") },
		}))
		func() {
			defer func() {
				if got := recover(); got != "observer" {
					t.Errorf("recovered %v", got)
				}
			}()
			_, _ = rt.RoundTrip(req)
		}()
		if got := body.closed.Load(); got != 1 {
			t.Errorf("GetBody %t: closed %d times", reopened, got)
		}
	}
}
