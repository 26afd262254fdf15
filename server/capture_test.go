package server_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

func TestOversizeBody(t *testing.T) {
	t.Parallel()
	const limit = 1 << 10
	for _, tt := range []struct {
		name   string
		size   int
		stored bool
	}{
		{"at the limit", limit, true},
		{"one over", limit + 1, false},
		{"far over", 3 << 20, false},
	} {
		for how, write := range map[string]func(http.ResponseWriter, []byte){
			"in one": func(w http.ResponseWriter, b []byte) { _, _ = w.Write(b) },
			"as a string": func(w http.ResponseWriter, b []byte) {
				text := string(b)
				_, _ = io.WriteString(w, text)
			},
			"in parts": func(w http.ResponseWriter, b []byte) {
				for len(b) > 0 {
					n, err := w.Write(b[:min(len(b), 700)])
					if err != nil {
						return
					}
					b = b[n:]
				}
			},
			"by ReadFrom": func(w http.ResponseWriter, b []byte) { _, _ = io.Copy(w, onlyReader{bytes.NewReader(b)}) },
		} {
			t.Run(tt.name+" "+how, func(t *testing.T) {
				t.Parallel()
				want := strings.Repeat("goaround", tt.size/8+1)[:tt.size]
				s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Location", "/orders/17")
					w.WriteHeader(http.StatusCreated)
					write(w, []byte(want))
				}, server.WithMaxBody(limit))
				s.expect(s.post("k"), http.StatusCreated, want)
				again := s.post("k")
				s.expectRuns(1)
				if tt.stored {
					s.expect(again, http.StatusCreated, want)
					return
				}
				s.expectProblem(again, http.StatusConflict, idem.ResponseNotStored)
				if !strings.Contains(again.body, `"originalStatus":201`) || again.header.Get("Location") != "/orders/17" {
					t.Errorf("the answer does not say what it was: %v %s", again.header, again.body)
				}
				if got := s.store.Bytes(); got > 4<<10 {
					t.Errorf("the store holds %d bytes", got)
				}
			})
		}
	}
}

// onlyReader hides WriterTo, so that io.Copy asks the writer.
type onlyReader struct{ io.Reader }

func TestFileIsServedAndStored(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "report.txt")
	want := strings.Repeat("line\n", 100<<10)
	if err := os.WriteFile(name, []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, name) })
	s.expect(s.post("k"), 200, want)
	again := s.post("k")
	s.expect(again, 200, want)
	if !again.replayed() {
		t.Error("not replayed")
	}
}

func TestFlushBeforeAnythingIsWritten(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
		w.WriteHeader(http.StatusTeapot) // too late, as without the middleware
		_, _ = io.WriteString(w, "text")
	})
	s.expect(s.post("k"), 200, "text")
	s.expect(s.post("k"), 200, "text")
}

// plainWriter can do nothing but what it must.
type plainWriter struct{ w *httptest.ResponseRecorder }

func (p plainWriter) Header() http.Header         { return p.w.Header() }
func (p plainWriter) Write(b []byte) (int, error) { return p.w.Write(b) }
func (p plainWriter) WriteHeader(status int)      { p.w.WriteHeader(status) }

// What the server below cannot do is said, as net/http says it.
func TestUnsupportedFeaturesSayThatTheyAre(t *testing.T) {
	t.Parallel()
	h := server.New(idem.NewMemory(), server.WithSharedScope())(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		rc := http.NewResponseController(w)
		if err := rc.Flush(); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("Flush: %v", err)
		}
		if _, _, err := rc.Hijack(); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("Hijack: %v", err)
		}
		if err := rc.SetReadDeadline(time.Time{}); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("SetReadDeadline: %v", err)
		}
	}))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
	r.Header.Set(idem.Header, "k")
	h.ServeHTTP(plainWriter{httptest.NewRecorder()}, r)
}

func TestDeadlinesReachTheConnection(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		if err := errors.Join(rc.SetReadDeadline(time.Now().Add(time.Minute)), rc.SetWriteDeadline(time.Now().Add(time.Minute)), rc.EnableFullDuplex()); err != nil {
			t.Error(err)
		}
		created(w, r)
	})
	s.expect(s.post("k"), http.StatusCreated, `{"id":17}`)
}

func TestHijackIsDoneWithoutAResponse(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = rw.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nraw!")
		_ = rw.Flush()
		if _, err := w.Write([]byte("x")); !errors.Is(err, http.ErrHijacked) {
			t.Errorf("Write after Hijack: %v", err)
		}
		if err := http.NewResponseController(w).Flush(); !errors.Is(err, http.ErrHijacked) {
			t.Errorf("Flush after Hijack: %v", err)
		}
		w.WriteHeader(http.StatusTeapot)
	}, server.WithGuard(idem.WithWait(time.Minute))) // the client has its answer before the handler returns
	s.expect(s.post("k"), 200, "raw!")
	s.expectProblem(s.post("k"), http.StatusConflict, idem.ResponseNotStored)
	s.expectRuns(1)
}

// A goroutine that writes when its handler has returned gets an error, and neither the
// record nor the wire gets its bytes.
func TestWritesAfterReturn(t *testing.T) {
	t.Parallel()
	var late http.ResponseWriter
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		late = w
		_, _ = io.WriteString(w, "in time")
	})
	s.expect(s.post("k"), 200, "in time")
	if n, err := late.Write([]byte("late")); n != 0 || err == nil {
		t.Errorf("Write = %d, %v", n, err)
	}
	if n, err := late.(io.ReaderFrom).ReadFrom(strings.NewReader("late")); n != 0 || err == nil {
		t.Errorf("ReadFrom = %d, %v", n, err)
	}
	if err := http.NewResponseController(late).Flush(); err == nil {
		t.Error("Flush: no error")
	}
	if _, _, err := http.NewResponseController(late).Hijack(); err == nil {
		t.Error("Hijack: no error")
	}
	late.WriteHeader(http.StatusTeapot)
	s.expect(s.post("k"), 200, "in time")
}

// The same, at the same time: for the race detector.
func TestWritesWhileReturning(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		started := make(chan struct{})
		go func() {
			defer close(done)
			for i := range 1000 {
				if i == 10 {
					close(started)
				}
				_, _ = w.Write([]byte("x"))
				w.(http.Flusher).Flush()
			}
		}()
		<-started
	})
	first := s.post("k")
	<-done
	s.expect(s.post("k"), 200, first.body)
}

func TestWrongContentLength(t *testing.T) {
	t.Parallel()
	t.Run("too much", func(t *testing.T) {
		t.Parallel()
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "4")
			if _, err := io.WriteString(w, "four"); err != nil {
				t.Error(err)
			}
			if _, err := io.WriteString(w, "more"); !errors.Is(err, http.ErrContentLength) {
				t.Errorf("writing more than declared: %v", err)
			}
		})
		s.expect(s.post("k"), 200, "four")
		s.expectProblem(s.post("k"), http.StatusConflict, idem.ResponseNotStored)
		s.expectRuns(1)
	})
	t.Run("too little", func(t *testing.T) {
		t.Parallel()
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "8")
			_, _ = io.WriteString(w, "four")
		})
		if r := s.post("k"); !errors.Is(r.err, io.ErrUnexpectedEOF) {
			t.Errorf("the client got %q, %v", r.body, r.err)
		}
		// Half a document must not be replayed as a whole one.
		s.expectProblem(s.post("k"), http.StatusConflict, idem.ResponseNotStored)
		s.expectRuns(1)
	})
}

func TestBodyOfAResponseThatHasNone(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusNoContent, http.StatusNotModified} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			if _, err := io.WriteString(w, "text"); !errors.Is(err, http.ErrBodyNotAllowed) {
				t.Errorf("%d: Write: %v", status, err)
			}
		})
		s.expect(s.post("k"), status, "")
		s.expect(s.post("k"), status, "")
		s.expectRuns(1)
	}
}

func TestReaderThatFails(t *testing.T) {
	t.Parallel()
	errDisk := errors.New("disk on fire")
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		n, err := io.Copy(w, io.MultiReader(strings.NewReader("text"), failing{errDisk}))
		if n != 4 || !errors.Is(err, errDisk) {
			t.Errorf("io.Copy = %d, %v", n, err)
		}
	})
	s.expect(s.post("k"), 200, "text")
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestInvalidStatusPanicsAsAlways(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(42) })
	if r := s.post("k"); r.err == nil {
		t.Errorf("response %d", r.status)
	}
	s.expectProblem(s.post("k"), http.StatusConflict, idem.OutcomeUnknown)
}
