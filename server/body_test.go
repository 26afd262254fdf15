package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// What a handler did can only depend on what it read.
func TestHandlerThatDoesNotReadItAll(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		first   string
		again   string
		same    bool
	}{
		{"reads nothing", func(http.ResponseWriter, *http.Request) {}, "a", "b", true},
		{"stops early, same start", func(_ http.ResponseWriter, r *http.Request) { _, _ = io.CopyN(io.Discard, r.Body, 3) }, "abcdef", "abcxyz", true},
		{"stops early, other start", func(_ http.ResponseWriter, r *http.Request) { _, _ = io.CopyN(io.Discard, r.Body, 3) }, "abcdef", "abxdef", false},
		{"stops early, shorter than that", func(_ http.ResponseWriter, r *http.Request) { _, _ = io.CopyN(io.Discard, r.Body, 3) }, "abcdef", "ab", false},
		{"reads all but the end", func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.ReadFull(r.Body, make([]byte, r.ContentLength))
		}, "abcdef", "abcdefg", false},
		{"decodes one document", func(_ http.ResponseWriter, r *http.Request) {
			var v any
			_ = json.NewDecoder(r.Body).Decode(&v)
		}, `{"a":1}`, `{"a":2}`, false},
		{"closes it first", func(_ http.ResponseWriter, r *http.Request) {
			_ = r.Body.Close()
			_, _ = io.ReadAll(r.Body)
		}, "a", "b", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, tt.handler)
			s.send("POST", "/orders", "k", tt.first)
			r := s.send("POST", "/orders", "k", tt.again)
			if tt.same != r.replayed() {
				t.Errorf("replayed = %v, want %v (%d)", r.replayed(), tt.same, r.status)
			}
			s.expectRuns(1)
		})
	}
}

// A body is hashed on its way, whatever its size, and never held.
func TestLargeBodyIsNotBuffered(t *testing.T) {
	t.Parallel()
	const size = 64 << 20
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	send := func(last string) reply {
		return s.send("POST", "/upload", "k", "", func(r *http.Request) {
			zeros := io.LimitReader(zeroReader{}, size-1)
			r.Body, r.ContentLength = io.NopCloser(io.MultiReader(zeros, strings.NewReader(last))), size
		})
	}
	s.expect(send("x"), 200, "")
	if !send("x").replayed() {
		t.Error("not replayed")
	}
	s.expectProblem(send("y"), http.StatusUnprocessableEntity, idem.KeyReused)
	if got := s.store.Bytes(); got > 4<<10 {
		t.Errorf("the store holds %d bytes of it", got)
	}
}

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// cutOff sends the start of a request by hand, and then nothing.
func (s *service) cutOff(key, body string, length int) {
	s.Helper()
	var d net.Dialer
	conn, err := d.DialContext(s.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.Fatal(err)
	}
	_, err = fmt.Fprintf(conn, "POST /orders HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nIdempotency-Key: %s\r\nContent-Length: %d\r\n\r\n%s", key, length, body)
	if err != nil {
		s.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		s.Fatal(err)
	}
	// The server may answer or not; what matters is that it is done with the request.
	_, _ = io.Copy(io.Discard, bufio.NewReader(conn))
	_ = conn.Close()
}

// The repetition's body breaks off: nothing can be said about it.
func TestRepeatedBodyThatBreaksOff(t *testing.T) {
	t.Parallel()
	var seen server.Answer
	store := idem.NewMemory()
	h := server.New(store, server.WithSharedScope(), server.WithObserver(server.Observer{
		Answered: func(_ context.Context, a server.Answer) { seen = a },
	}))(http.HandlerFunc(created))
	send := func(body io.Reader) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/orders", body)
		r.Header.Set(idem.Header, "k")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	send(strings.NewReader("abc"))
	errCut := errors.New("connection cut")
	w := send(io.MultiReader(strings.NewReader("ab"), iotest.ErrReader(errCut)))
	if w.Code != http.StatusBadRequest || w.Header().Get(idem.StatusHeader) != string(idem.BodyUnreadable) {
		t.Errorf("response %d %v", w.Code, w.Header())
	}
	if !errors.Is(seen.Err, errCut) {
		t.Errorf("observer was told %v", seen.Err)
	}
}

// A handler must see the body that it would see without the middleware.
func TestHandlerSeesItsBody(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		n, err2 := r.Body.Read(make([]byte, 1))
		_, _ = fmt.Fprintf(w, "%s %v %d %v %v", b, err, n, err2, r.Body == http.NoBody)
	})
	s.expect(s.send("POST", "/", "k1", "text"), 200, "text <nil> 0 EOF false")
	s.expect(s.send("POST", "/", "k2", ""), 200, " <nil> 0 EOF true")
}

// A goroutine that reads on when its handler has returned must not disturb the next user
// of the hash.
func TestReadAfterReturn(t *testing.T) {
	t.Parallel()
	read := make(chan struct{})
	returned := make(chan struct{})
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		go func() {
			<-returned
			_, _ = io.ReadAll(r.Body)
			close(read)
		}()
	})
	s.post("k")
	close(returned)
	<-read
	if !s.post("k").replayed() {
		t.Error("not replayed")
	}
}
