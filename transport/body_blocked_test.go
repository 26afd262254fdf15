package transport_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/transport"
)

func (nothing) Read([]byte) (int, error) { return 0, io.EOF }

// A transport that answers before it has read the body, and reads on: the bytes of an
// attempt that is over must not be taken from the next.
func TestAttemptThatReadsOn(t *testing.T) {
	t.Parallel()
	var old io.ReadCloser
	var sent string
	rt := transport.New(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
		if old == nil {
			old = req.Body
			return &http.Response{StatusCode: 503, Body: http.NoBody}, nil
		}
		if n, err := old.Read(make([]byte, 4)); n != 0 || err == nil {
			t.Errorf("the first attempt read %d more bytes, %v", n, err)
		}
		_ = old.Close()
		b, err := io.ReadAll(req.Body)
		sent = string(b)
		_ = req.Body.Close()
		return &http.Response{StatusCode: 200, Body: http.NoBody}, err
	}), transport.WithBackoff(noWait))
	body := newSeekBody("content", 0)
	req := newRequest(t, "PUT", "")
	req.Body = body
	if code, _, err := roundTrip(t, rt, req); code != 200 || err != nil {
		t.Fatal(code, err)
	}
	if sent != "content" || body.closed.Load() != 1 {
		t.Errorf("sent %q, closed %d times", sent, body.closed.Load())
	}
}

// announced tells when a read begins.
type announced struct {
	io.ReadCloser
	reading chan struct{}
}

func (a announced) Read(p []byte) (int, error) {
	a.reading <- struct{}{}
	return a.ReadCloser.Read(p)
}

// A pipe that nobody writes to cannot be taken back: the call ends instead of hanging, and
// the attempt that has the body keeps it.
func TestBodyThatBlocks(t *testing.T) {
	t.Parallel()
	pipe, writer := io.Pipe()
	body := announced{pipe, make(chan struct{})}
	read := make(chan error)
	attempts := 0
	rt := transport.New(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
		attempts++
		go func() {
			_, err := io.ReadAll(req.Body)
			_ = req.Body.Close()
			read <- err
		}()
		<-body.reading
		return &http.Response{StatusCode: 503, Body: http.NoBody}, nil
	}), transport.WithBackoff(noWait))
	req := newRequest(t, "PUT", "")
	req.Body = body
	code, _, err := roundTrip(t, rt, req)
	if code != 503 || err != nil || attempts != 1 {
		t.Errorf("%d, %v after %d attempts", code, err, attempts)
	}
	_ = writer.Close()
	if err := <-read; err != nil {
		t.Errorf("the attempt that kept the body read %v", err)
	}
}

// A step below may open a body that can be opened twice, to sign it, while it holds the
// first; a lent body cannot, and must not say that it can.
func TestLentBodyHasNoGetBody(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]io.ReadCloser{
		"seeker": newSeekBody("content", 0),
		"reader": &trackedBody{Reader: onlyReader{strings.NewReader("content")}},
	} {
		rt := transport.New(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
			if req.GetBody != nil {
				t.Errorf("%s: has GetBody", name)
			}
			return stub(req)
		}))
		req := newRequest(t, "PUT", "")
		req.Body = body
		if code, _, err := roundTrip(t, rt, req); code != 200 || err != nil {
			t.Error(code, err)
		}
	}
}

// slowSeeker takes its time for every read.
type slowSeeker struct{ *seekBody }

func (s slowSeeker) Read(p []byte) (int, error) {
	time.Sleep(5 * time.Millisecond)
	return s.seekBody.Read(p[:min(len(p), 16)])
}

// An attempt that is answered early reads on from another goroutine: its next read waits
// until it is decided who has the body, so a body that can be rewound is.
func TestBodyIsTakenBackBetweenTwoReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var sent []string
		var writing sync.WaitGroup
		rt := transport.New(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
			if len(sent) == 2 {
				b, err := io.ReadAll(req.Body)
				_ = req.Body.Close()
				sent = append(sent, string(b))
				return &http.Response{StatusCode: 200, Body: http.NoBody}, err
			}
			sent = append(sent, "")
			writing.Go(func() { // as the write loop of a connection does
				_, _ = io.Copy(io.Discard, req.Body)
				_ = req.Body.Close()
			})
			time.Sleep(12 * time.Millisecond)
			return &http.Response{StatusCode: 503, Body: http.NoBody}, nil
		}), transport.WithBackoff(noWait))
		want := strings.Repeat("content ", 1000)
		body := slowSeeker{newSeekBody(want, 0)}
		req := newRequest(t, "PUT", "")
		req.Body = body
		if code, _, err := roundTrip(t, rt, req); code != 200 || err != nil {
			t.Fatal(code, err)
		}
		writing.Wait()
		if sent[2] != want || body.closed.Load() != 1 {
			t.Errorf("sent %d bytes, want %d; closed %d times", len(sent[2]), len(want), body.closed.Load())
		}
	})
}

// A transport that closes a body and waits for its read to end must not wait for ever.
func TestCloseEndsABlockedRead(t *testing.T) {
	t.Parallel()
	pipe, writer := io.Pipe()
	defer writer.Close()
	body := announced{pipe, make(chan struct{})}
	attempts := 0
	rt := transport.New(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
		attempts++
		read := make(chan error)
		go func() {
			_, err := req.Body.Read(make([]byte, 1))
			read <- err
		}()
		<-body.reading
		_ = req.Body.Close()
		if err := <-read; err == nil {
			t.Error("the read ended without an error")
		}
		return nil, io.ErrUnexpectedEOF
	}), transport.WithBackoff(noWait))
	req := newRequest(t, "PUT", "")
	req.Body = body
	_, _, err := roundTrip(t, rt, req)
	if !errors.Is(err, io.ErrUnexpectedEOF) || !errors.Is(err, transport.ErrBody) || attempts != 1 {
		t.Errorf("%v after %d attempts", err, attempts)
	}
}

func TestReaderThatPanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if r := recover(); r != "boom" {
			t.Errorf("recovered %v", r)
		}
	}()
	req := newRequest(t, "PUT", "")
	req.Body = io.NopCloser(panicking{})
	_, _, _ = roundTrip(t, transport.New(roundTripperFunc(stub)), req)
}

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("boom") }

// A step below that panics has closed its body, and with it the caller's.
func TestBodyIsClosedWhenTheBasePanics(t *testing.T) {
	t.Parallel()
	body := newSeekBody("content", 0)
	req := newRequest(t, "PUT", "")
	req.Body = body
	func() {
		defer func() { _ = recover() }()
		_, _ = transport.New(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
			defer req.Body.Close()
			panic("boom")
		})).RoundTrip(req)
	}()
	if got := body.closed.Load(); got != 1 {
		t.Errorf("closed %d times", got)
	}
}
