package transport_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/transport"
)

const (
	whole = "0123456789"
	etag  = `"v1"`
)

// part is a response with some of the whole, whose body breaks after that.
type part struct {
	code   int
	fields []string
	body   string
	err    error // after the body; nil for io.EOF
	setup  func(*http.Response)
	fail   error // instead of a response
}

// rest is a lawful 206 with bytes from..to, which then breaks or not.
func rest(from, to int, err error, fields ...string) part {
	fields = append([]string{"Etag", etag, "Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(whole)-1, len(whole))}, fields...)
	return part{code: 206, fields: fields, body: whole[from:to], err: err}
}

// begin is a lawful 200 that breaks at n.
func begin(n int, err error, fields ...string) part {
	return part{code: 200, fields: append([]string{"Etag", etag}, fields...), body: whole[:n], err: err}
}

// library answers with parts in turn, and remembers what was asked for.
type library struct {
	parts  []part
	asked  []string // Range and If-Range
	at     []time.Time
	closed []bool
}

func (l *library) RoundTrip(req *http.Request) (*http.Response, error) {
	n := len(l.asked)
	l.asked = append(l.asked, strings.TrimSpace(req.Header.Get("Range")+" "+req.Header.Get("If-Range")))
	l.at = append(l.at, time.Now())
	l.closed = append(l.closed, false)
	if n >= len(l.parts) {
		return nil, errors.New("one request too many")
	}
	p := l.parts[n]
	if p.fail != nil {
		return nil, p.fail
	}
	resp := &http.Response{StatusCode: p.code, Status: fmt.Sprint(p.code), Header: http.Header{}, ContentLength: -1, Request: req}
	for i := 0; i < len(p.fields); i += 2 {
		resp.Header.Add(p.fields[i], p.fields[i+1])
	}
	if p.code == 200 {
		resp.ContentLength = int64(len(whole))
	}
	resp.Body = &partBody{Reader: strings.NewReader(p.body), err: p.err, closed: &l.closed[n]}
	if p.setup != nil {
		p.setup(resp)
	}
	return resp, nil
}

type partBody struct {
	io.Reader
	err    error
	closed *bool
}

func (b *partBody) Read(p []byte) (int, error) {
	if *b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) && b.err != nil {
		err = b.err
	}
	return n, err
}

func (b *partBody) Close() error {
	*b.closed = true
	return nil
}

func unsized(p part) part {
	p.setup = func(r *http.Response) { r.ContentLength = -1 }
	return p
}

// check wants these requests after the first, and no body open.
func (l *library) check(t *testing.T, asked []string) {
	t.Helper()
	if got, want := strings.Join(l.asked, "; "), strings.Join(append([]string{""}, asked...), "; "); got != want {
		t.Errorf("asked %q, want %q", got, want)
	}
	for i, closed := range l.closed {
		if !closed && l.parts[i].fail == nil {
			t.Errorf("the body of response %d is open", i)
		}
	}
}

func checkResumed(t *testing.T, seen []transport.Resumed, asked int, stop string) {
	t.Helper()
	if len(seen) < asked {
		t.Errorf("observed %d breaks, asked %d times", len(seen), asked)
	}
	for i, r := range seen {
		last := stop != "" && i == len(seen)-1
		if (r.Stop != nil) != last || r.Err == nil || r.Target != "api" {
			t.Errorf("observed %+v", r)
		}
		if last && !strings.Contains(r.Stop.Error(), stop) {
			t.Errorf("stopped by %q, want %q", r.Stop, stop)
		}
	}
}
