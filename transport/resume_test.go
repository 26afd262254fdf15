package transport_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// What is accepted as the rest, and what surfaces otherwise.
func TestResume(t *testing.T) {
	t.Parallel()
	cut, wrapped := io.ErrUnexpectedEOF, fmt.Errorf("stream broke: %w", io.EOF)
	changed := func(fields ...string) []part {
		return []part{begin(4, cut), {code: 206, fields: fields, body: whole[4:]}}
	}
	for _, tt := range []struct {
		name  string
		parts []part
		asked []string // after the first request
		want  string
		err   error
		stop  string // why it did not go on
	}{
		{name: "unbroken", parts: []part{begin(10, nil)}, want: whole},
		{name: "once", parts: []part{begin(4, cut), rest(4, 10, nil)}, asked: []string{`bytes=4- "v1"`}, want: whole},
		{name: "at once", parts: []part{begin(0, cut), rest(0, 10, nil)}, asked: []string{`bytes=0- "v1"`}, want: whole},
		{name: "twice", parts: []part{begin(4, errBroken), rest(4, 7, cut), rest(7, 10, nil)}, asked: []string{`bytes=4- "v1"`, `bytes=7- "v1"`}, want: whole},
		{name: "a break behind the end", parts: []part{begin(10, cut)}, want: whole},
		{name: "another error behind the end", parts: []part{begin(10, errBroken)}, want: whole, err: errBroken},
		{
			name: "a part beyond its range", want: whole, asked: []string{`bytes=4- "v1"`, `bytes=6- "v1"`},
			parts: []part{begin(4, cut), {code: 206, fields: []string{"Etag", etag, "Content-Range", "bytes 4-5/10"}, body: "45XXXX"}, rest(6, 10, nil)},
		},
		{
			name: "a part beyond the whole", want: whole, asked: []string{`bytes=4- "v1"`},
			parts: []part{begin(4, cut), {code: 206, fields: []string{"Etag", etag, "Content-Range", "bytes 4-9/10"}, body: "456789XXXX"}},
		},
		{
			name: "a part of the rest", want: whole, asked: []string{`bytes=4- "v1"`, `bytes=6- "v1"`},
			parts: []part{begin(4, cut), {code: 206, fields: []string{"Etag", etag, "Content-Range", "bytes 4-5/10"}, body: whole[4:6]}, rest(6, 10, nil)},
		},
		{name: "of unknown size", parts: []part{unsized(begin(4, cut)), rest(4, 10, nil)}, asked: []string{`bytes=4- "v1"`}, want: whole},
		{name: "a break that wraps io.EOF", parts: []part{unsized(begin(4, wrapped)), rest(4, 10, nil)}, asked: []string{`bytes=4- "v1"`}, want: whole},
		{name: "the same of known size", parts: []part{begin(4, wrapped), {code: 416}}, asked: []string{`bytes=4- "v1"`}, want: whole[:4], err: wrapped, stop: "status 416"},
		{name: "no progress", parts: []part{begin(4, errBroken), rest(4, 4, cut), rest(4, 4, cut), rest(4, 4, cut)}, asked: []string{`bytes=4- "v1"`, `bytes=4- "v1"`, `bytes=4- "v1"`}, want: whole[:4], err: cut, stop: slot.ErrAttempts.Error()},
		{name: "progress counts anew", parts: []part{begin(4, cut), rest(4, 4, cut), rest(4, 4, cut), rest(4, 5, cut), rest(5, 5, cut), rest(5, 5, cut), rest(5, 10, nil)}, asked: []string{`bytes=4- "v1"`, `bytes=4- "v1"`, `bytes=4- "v1"`, `bytes=5- "v1"`, `bytes=5- "v1"`, `bytes=5- "v1"`}, want: whole},

		{name: "the whole again", parts: []part{begin(4, cut), begin(10, nil)}, asked: []string{`bytes=4- "v1"`}, want: whole[:4], err: cut, stop: "status 200"},
		{name: "refused", parts: []part{begin(4, errBroken), {code: 416}}, asked: []string{`bytes=4- "v1"`}, want: whole[:4], err: errBroken, stop: "status 416"},
		{name: "an error", parts: []part{begin(4, errBroken), {fail: io.ErrClosedPipe}}, asked: []string{`bytes=4- "v1"`}, want: whole[:4], err: errBroken, stop: io.ErrClosedPipe.Error()},
		{name: "another version", parts: changed("Etag", `"v2"`, "Content-Range", "bytes 4-9/10"), asked: []string{`bytes=4- "v1"`}, want: whole[:4], err: cut, stop: `ETag "v2"`},
		{name: "a version unknown", parts: changed("Content-Range", "bytes 4-9/10"), asked: []string{`bytes=4- "v1"`}, want: whole[:4], err: cut, stop: "ETag"},
		{name: "another start", parts: changed("Etag", etag, "Content-Range", "bytes 3-9/10"), asked: []string{`bytes=4- "v1"`}, want: whole[:4], err: cut, stop: "Content-Range"},
		{name: "another size", parts: changed("Etag", etag, "Content-Range", "bytes 4-9/11"), asked: []string{`bytes=4- "v1"`}, want: whole[:4], err: cut, stop: "Content-Range"},
		{name: "no size", parts: changed("Etag", etag, "Content-Range", "bytes 4-9/*"), asked: []string{`bytes=4- "v1"`}, want: whole[:4], err: cut, stop: "Content-Range"},
		{name: "another unit", parts: changed("Etag", etag, "Content-Range", "lines 4-9/10"), asked: []string{`bytes=4- "v1"`}, want: whole[:4], err: cut, stop: "Content-Range"},
		{name: "no range", parts: changed("Etag", etag), asked: []string{`bytes=4- "v1"`}, want: whole[:4], err: cut, stop: "Content-Range"},
		{name: "another coding", parts: changed("Etag", etag, "Content-Range", "bytes 4-9/10", "Content-Encoding", "gzip"), asked: []string{`bytes=4- "v1"`}, want: whole[:4], err: cut, stop: "Content-Encoding"},
		{
			name: "a decompressed rest", asked: []string{`bytes=4- "v1"`}, want: whole[:4], err: cut, stop: "Content-Encoding",
			parts: []part{begin(4, cut), {code: 206, fields: []string{"Etag", etag, "Content-Range", "bytes 4-9/10"}, body: whole[4:], setup: func(r *http.Response) { r.Uncompressed = true }}},
		},
		{
			name: "another length", asked: []string{`bytes=4- "v1"`}, want: whole[:4], err: cut, stop: "5 bytes",
			parts: []part{begin(4, cut), {code: 206, fields: []string{"Etag", etag, "Content-Range", "bytes 4-9/10"}, setup: func(r *http.Response) { r.ContentLength = 5 }}},
		},

		{name: "weak", parts: []part{{code: 200, fields: []string{"Etag", `W/"v1"`}, body: whole[:4], err: cut}}, want: whole[:4], err: cut},
		{name: "no ETag", parts: []part{{code: 200, body: whole[:4], err: cut}}, want: whole[:4], err: cut},
		{name: "ranges not accepted", parts: []part{begin(4, cut, "Accept-Ranges", "none")}, want: whole[:4], err: cut},
		{name: "another status", parts: []part{{code: 203, fields: []string{"Etag", etag}, body: whole[:4], err: cut}}, want: whole[:4], err: cut},
		{
			name: "decompressed", want: whole[:4], err: cut,
			parts: []part{{code: 200, fields: []string{"Etag", etag}, body: whole[:4], err: cut, setup: func(r *http.Response) { r.Uncompressed = true }}},
		},
		{
			name: "trailers", want: whole[:4], err: cut,
			parts: []part{{code: 200, fields: []string{"Etag", etag}, body: whole[:4], err: cut, setup: func(r *http.Response) { r.Trailer = http.Header{"X-Sum": nil} }}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := &library{parts: tt.parts}
			var seen []transport.Resumed
			rt := transport.Resume(transport.WithBackoff(noWait), transport.WithTarget(targetAPI),
				transport.WithStepObserver(transport.StepObserver{Resume: func(_ context.Context, r transport.Resumed) { seen = append(seen, r) }}))(l)
			resp, err := rt.RoundTrip(newRequest(t, "GET", ""))
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(resp.Body)
			if string(got) != tt.want || err != tt.err { //nolint:errorlint // the same error, not one that wraps it
				t.Errorf("read %q, %v, want %q, %v", got, err, tt.want, tt.err)
			}
			if _, again := resp.Body.Read(make([]byte, 1)); !errors.Is(again, tt.err) && !errors.Is(again, io.EOF) {
				t.Errorf("reading again: %v", again)
			}
			_ = resp.Body.Close()
			l.check(t, tt.asked)
			checkResumed(t, seen, len(tt.asked), tt.stop)
		})
	}
}

// Requests that are not for the whole of a resource are left alone.
func TestResumeOfRequests(t *testing.T) {
	t.Parallel()
	for name, req := range map[string]*http.Request{
		"POST":       newRequest(t, "POST", ""),
		"HEAD":       newRequest(t, "HEAD", ""),
		"a body":     newRequest(t, "GET", "query"),
		"own ranges": newRequest(t, "GET", ""),
	} {
		if name == "own ranges" {
			req.Header.Set("Range", "bytes=0-")
		}
		l := &library{parts: []part{begin(4, errBroken)}}
		resp, err := transport.Resume(transport.WithBackoff(noWait))(l).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(resp.Body); string(got) != whole[:4] || !errors.Is(err, errBroken) || len(l.asked) != 1 {
			t.Errorf("%s: read %q, %v with %d requests", name, got, err, len(l.asked))
		}
		_ = resp.Body.Close()
	}
}

func FuzzContentRange(f *testing.F) {
	for _, s := range []string{"bytes 0-0/1", "bytes 4-9/10", "bytes 4-9/*", "bytes */10", "bytes 9-4/10", "bytes +4-9/10", "", "bytes 4-9/9223372036854775808"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		first, last, size, ok := transport.ParseContentRange(s)
		if ok && (first < 0 || last < first || size <= last) {
			t.Errorf("%q: %d-%d/%d", s, first, last, size)
		}
		if ok && !strings.Contains(s, "-") {
			t.Errorf("%q is no range", s)
		}
	})
}
