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

func TestSameKeyOtherRequestIsRefused(t *testing.T) {
	t.Parallel()
	const body = `{"item":"book"}`
	for _, tt := range []struct {
		name   string
		path   string
		body   string
		change func(*http.Request)
		same   bool
	}{
		{name: "the same", path: "/orders?v=1", body: body, same: true},
		{name: "other body", path: "/orders?v=1", body: `{"item":"bool"}`},
		{name: "longer body", path: "/orders?v=1", body: body + " "},
		{name: "shorter body", path: "/orders?v=1", body: body[1:]},
		{name: "no body", path: "/orders?v=1", body: ""},
		{name: "other query", path: "/orders?v=2", body: body},
		{name: "no query", path: "/orders", body: body},
		{name: "other media type", path: "/orders?v=1", body: body, change: func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }},
		{name: "other parameters of the media type", path: "/orders?v=1", body: body, same: true, change: func(r *http.Request) {
			r.Header.Set("Content-Type", "Application/JSON; charset=utf-8")
		}},
		{name: "other field", path: "/orders?v=1", body: body, same: true, change: func(r *http.Request) { r.Header.Set("X-Attempt", "2") }},
		{name: "chunked", path: "/orders?v=1", body: body, same: true, change: func(r *http.Request) { r.ContentLength = -1 }},
		{name: "chunked and longer", path: "/orders?v=1", body: body + " ", change: func(r *http.Request) { r.ContentLength = -1 }},
		{name: "chunked and shorter", path: "/orders?v=1", body: body[1:], change: func(r *http.Request) { r.ContentLength = -1 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, created)
			s.send("POST", "/orders?v=1", "k", body)
			r := s.send("POST", tt.path, "k", tt.body, func(r *http.Request) {
				if tt.change != nil {
					tt.change(r)
				}
			})
			if tt.same {
				s.expect(r, http.StatusCreated, `{"id":17}`)
				s.expectOutcomes(server.Executed, server.Replayed)
			} else {
				s.expectProblem(r, http.StatusUnprocessableEntity, idem.KeyReused)
				if strings.Contains(r.body, "17") || r.header.Get("Location") != "" {
					t.Errorf("the refusal reveals the stored response: %v %q", r.header, r.body)
				}
			}
			s.expectRuns(1)
		})
	}
}

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

// An upload that breaks off and is refused by the handler has had no effect: the retry with
// the whole body must run, not be compared with half of it.
func TestBodyThatBreaksOff(t *testing.T) {
	t.Parallel()
	read := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadAll(r.Body); err != nil {
				w.WriteHeader(status)
				return
			}
			created(w, r)
		}
	}
	t.Run("refused by the handler", func(t *testing.T) {
		t.Parallel()
		s := serve(t, read(http.StatusBadRequest))
		s.cutOff("k", `{"item":`, 15)
		s.expect(s.post("k"), http.StatusCreated, `{"id":17}`)
		if !s.post("k").replayed() {
			t.Error("not replayed")
		}
		s.expectRuns(2)
	})
	t.Run("accepted by the handler", func(t *testing.T) {
		t.Parallel()
		s := serve(t, read(http.StatusAccepted))
		s.cutOff("k", `{"item":`, 15)
		r := s.post("k")
		s.expect(r, http.StatusAccepted, "")
		if !r.replayed() {
			t.Error("ran again although the handler said that it took the order")
		}
	})
	t.Run("too large for the handler", func(t *testing.T) {
		t.Parallel()
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4)); err != nil {
				http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			}
		})
		for range 2 { // a refusal like any other: the same request gets the same answer
			s.expect(s.post("k"), http.StatusRequestEntityTooLarge, "too large\n")
		}
		s.expectRuns(1)
	})
	t.Run("too large for middleware outside", func(t *testing.T) {
		t.Parallel()
		runs := 0
		once := server.New(idem.NewMemory(), server.WithSharedScope())(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			runs++
			read(http.StatusRequestEntityTooLarge)(w, r)
		}))
		for _, limit := range []int64{4, 100} { // the limit was raised between the attempts
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader("longer than that"))
			r.Header.Set(idem.Header, "k")
			http.MaxBytesHandler(once, limit).ServeHTTP(httptest.NewRecorder(), r)
		}
		if runs != 2 {
			t.Errorf("ran %d times, want 2: what was refused unread is not done", runs)
		}
	})
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
