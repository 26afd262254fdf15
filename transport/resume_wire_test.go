package transport_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/transport"
)

// cutter lets a handler write so much, and then ends the connection.
type cutter struct {
	http.ResponseWriter
	left int
	rst  bool // by a reset; otherwise by closing it in the middle
}

func (c *cutter) Write(p []byte) (int, error) {
	if len(p) < c.left {
		n, err := c.ResponseWriter.Write(p)
		c.left -= n
		return n, err
	}
	_, _ = c.ResponseWriter.Write(p[:c.left])
	_ = http.NewResponseController(c.ResponseWriter).Flush()
	if c.rst {
		conn, _, err := http.NewResponseController(c.ResponseWriter).Hijack()
		if err == nil {
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		}
	}
	panic(http.ErrAbortHandler)
}

// files serves content and cuts the first responses after so many bytes each, every other one
// by a reset.
func files(content []byte, cuts ...int) (http.HandlerFunc, *atomic.Int32) {
	requests := new(atomic.Int32)
	return func(w http.ResponseWriter, r *http.Request) {
		n := int(requests.Add(1)) - 1
		w.Header().Set("Etag", etag)
		if n < len(cuts) {
			w = &cutter{ResponseWriter: w, left: cuts[n], rst: n%2 == 1 && r.ProtoMajor == 1}
		}
		http.ServeContent(w, r, "file.bin", time.Time{}, bytes.NewReader(content))
	}, requests
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(b)
	return b
}

// 64 MiB arrive whole through several cuts, without being held anywhere. It does not run in
// parallel, because it counts what is allocated.
func TestResumeOfALargeDownload(t *testing.T) {
	content := randomBytes(64 << 20)
	want := sha256.Sum256(content)
	handler, requests := files(content, 10<<20, 1, 20<<20, 0, 5<<20, 100)
	w := newWire(t, handler, transport.WithResume())
	w.Config.ErrorLog = quiet

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	req, err := http.NewRequestWithContext(t.Context(), "GET", w.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	hash := sha256.New()
	n, err := io.Copy(hash, resp.Body)
	runtime.ReadMemStats(&after)
	if err != nil || n != int64(len(content)) || [32]byte(hash.Sum(nil)) != want {
		t.Errorf("%d bytes, %v; equal: %v", n, err, [32]byte(hash.Sum(nil)) == want)
	}
	if got := requests.Load(); got != 7 {
		t.Errorf("%d requests, want 7", got)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 4<<20 {
		t.Errorf("%d bytes allocated for a download of %d, client and server together", got, n)
	} else {
		t.Logf("%d KiB allocated, client and server together", got>>10)
	}
}

// The same over HTTP/2, where a stream is cut and the connection stays.
func TestResumeOverHTTP2(t *testing.T) {
	t.Parallel()
	content := randomBytes(4 << 20)
	handler, requests := files(content, 1<<20, 1<<20, 10)
	s := httptest.NewUnstartedServer(handler)
	s.EnableHTTP2, s.Config.ErrorLog = true, quiet
	s.StartTLS()
	defer s.Close()
	client := s.Client()
	defer client.CloseIdleConnections()
	client.Transport = transport.New(client.Transport, transport.WithBackoff(noWait), transport.WithResume())
	resp, err := client.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || !bytes.Equal(got, content) || resp.ProtoMajor != 2 || requests.Load() != 4 {
		t.Errorf("%s: %d bytes of %d, %v, with %d requests", resp.Proto, len(got), len(content), err, requests.Load())
	}
}

// A file that changes while it breaks is not glued together from two versions.
func TestResumeOfAFileThatChanges(t *testing.T) {
	t.Parallel()
	content := randomBytes(1 << 20)
	n := 0
	w := newWire(t, func(w http.ResponseWriter, r *http.Request) {
		n++
		w.Header().Set("Etag", fmt.Sprintf(`"v%d"`, n))
		http.ServeContent(&cutter{ResponseWriter: w, left: 300 << 10}, r, "file.bin", time.Time{}, bytes.NewReader(content))
	}, transport.WithResume())
	w.Config.ErrorLog = quiet
	_, body, err := w.do(t, "GET", nil)
	if len(body) != 300<<10 || !errors.Is(err, io.ErrUnexpectedEOF) || n != 2 {
		t.Errorf("%d bytes, %v, with %d requests", len(body), err, n)
	}
}

// What net/http decompresses by itself is at another offset than it seems, and is left alone;
// the same bytes, asked for as they are, go on.
func TestResumeOfCompressedContent(t *testing.T) {
	t.Parallel()
	for _, own := range []bool{false, true} {
		t.Run(fmt.Sprintf("own Accept-Encoding %v", own), func(t *testing.T) {
			t.Parallel()
			var zipped bytes.Buffer
			z := gzip.NewWriter(&zipped)
			_, _ = z.Write(randomBytes(1 << 20))
			_ = z.Close()
			serve, requests := files(zipped.Bytes(), 300<<10)
			w := newWire(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Encoding", "gzip")
				serve(w, r)
			}, transport.WithResume())
			w.Config.ErrorLog = quiet
			req, err := http.NewRequestWithContext(t.Context(), "GET", w.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			if own {
				req.Header.Set("Accept-Encoding", "gzip")
			}
			resp, err := w.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			got, err := io.ReadAll(resp.Body)
			if own && (err != nil || !bytes.Equal(got, zipped.Bytes()) || requests.Load() != 2) {
				t.Errorf("%d bytes, %v, with %d requests", len(got), err, requests.Load())
			}
			if !own && (err == nil || requests.Load() != 1) {
				t.Errorf("%d bytes, %v, with %d requests", len(got), err, requests.Load())
			}
		})
	}
}

// A request for the rest is a call of its own: the retries below look after it.
func TestResumeThroughAnOutage(t *testing.T) {
	t.Parallel()
	content := randomBytes(1 << 20)
	serve, _ := files(content, 300<<10)
	var n atomic.Int32
	w := newWire(t, func(w http.ResponseWriter, r *http.Request) {
		if i := n.Add(1); i == 2 || i == 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		serve(w, r)
	}, transport.WithResume())
	w.Config.ErrorLog = quiet
	code, body, err := w.do(t, "GET", nil)
	if code != 200 || body != string(content) || err != nil || n.Load() != 4 {
		t.Errorf("%d, %d bytes, %v, with %d requests", code, len(body), err, n.Load())
	}
}

// Closing early leaves nothing behind, in the middle of a part as well.
func TestResumeClosedEarly(t *testing.T) {
	t.Parallel()
	handler, _ := files([]byte(strings.Repeat("x", 8<<20)), 1<<20)
	w := newWire(t, handler, transport.WithResume())
	w.Config.ErrorLog = quiet
	req, err := http.NewRequestWithContext(t.Context(), "GET", w.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, resp.Body, 2<<20); err != nil {
		t.Error(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	if _, err := resp.Body.Read(make([]byte, 1)); err == nil {
		t.Error("a body that is closed can be read")
	}
}
