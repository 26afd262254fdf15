package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

func TestFirstRunsAndSecondReplays(t *testing.T) {
	t.Parallel()
	s := serve(t, created)
	first := s.post(`"k"`)
	s.expect(first, http.StatusCreated, `{"id":17}`)
	if first.replayed() || first.header.Get(idem.DateHeader) != "" || first.header.Get(idem.StatusHeader) != "" {
		t.Errorf("first response is marked: %v", first.header)
	}
	again := s.post(`"k"`)
	s.expect(again, http.StatusCreated, `{"id":17}`)
	if !again.replayed() {
		t.Error("second response is not marked as replayed")
	}
	for _, name := range []string{"Content-Type", "Location", idem.Header} {
		if got, want := again.header.Get(name), first.header.Get(name); got != want || got == "" {
			t.Errorf("%s: %q, first it was %q", name, got, want)
		}
	}
	date, err := http.ParseTime(again.header.Get(idem.DateHeader))
	if age := time.Since(date); err != nil || age < 0 || age > time.Minute {
		t.Errorf("%s: %q", idem.DateHeader, again.header.Get(idem.DateHeader))
	}
	s.expectRuns(1)
	s.expectOutcomes(server.Executed, server.Replayed)
}

func TestQuotedAndBareAreOneKey(t *testing.T) {
	t.Parallel()
	s := serve(t, created)
	s.post(`"order-17"`)
	if !s.post(`order-17`).replayed() {
		t.Error("the bare form is another key")
	}
	s.expectRuns(1)
}

func TestEveryKindOfResponseIsReplayed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		status  int
		body    string
	}{
		{"nothing written", func(http.ResponseWriter, *http.Request) {}, 200, ""},
		{"implicit 200", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "text") }, 200, "text"},
		{"204", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, 204, ""},
		{"400", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "bad", 400) }, 400, "bad\n"},
		{"500", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "broken", 500) }, 500, "broken\n"},
		{"own status", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(799) }, 799, ""},
		{"many writes", func(w http.ResponseWriter, _ *http.Request) {
			for i := range 1000 {
				_, _ = io.WriteString(w, strconv.Itoa(i%10))
			}
		}, 200, digits(1000)},
		{"second WriteHeader is ignored", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(201)
			w.WriteHeader(500)
		}, 201, ""},
		{"headers after WriteHeader are ignored", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(201)
			w.Header().Set("X-Late", "1")
		}, 201, ""},
		{"many values", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Add("Link", "</a>")
			w.Header().Add("Link", "</b>")
			w.Header()["X-Empty"] = []string{""}
		}, 200, ""},
		{"declared length", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "4")
			_, _ = io.WriteString(w, "text")
		}, 200, "text"},
		{"early hints", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", "</style.css>")
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(201)
		}, 201, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, tt.handler)
			first, again := s.post("k"), s.post("k")
			s.expect(first, tt.status, tt.body)
			s.expect(again, tt.status, tt.body)
			s.expectRuns(1)
			for _, added := range []string{idem.ReplayedHeader, idem.DateHeader} {
				again.header.Del(added)
			}
			first.header.Del("Date")
			again.header.Del("Date")
			for name, values := range first.header {
				if !slices.Equal(again.header[name], values) {
					t.Errorf("%s: %q, first it was %q", name, again.header[name], values)
				}
			}
			if len(again.header) != len(first.header) {
				t.Errorf("replayed header %v, first it was %v", again.header, first.header)
			}
		})
	}
}

func digits(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + i%10)
	}
	return string(b)
}

// Fields of one session, one connection or one exchange must not reach another.
func TestPerResponseHeadersAreNotReplayed(t *testing.T) {
	t.Parallel()
	once := []string{
		"Set-Cookie", "Www-Authenticate", "Retry-After", "Server-Timing", "Traceparent", "X-Request-Id",
		"Ratelimit-Remaining", "X-Ratelimit-Reset", "X-Mine",
	}
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for _, name := range once {
			w.Header().Set(name, "once")
		}
		w.Header().Set("X-Kept", "kept")
		w.Header().Set(http.TrailerPrefix+"X-Checksum", "once")
	}, server.WithoutHeaders("x-mine"))
	first, again := s.post("k"), s.post("k")
	for _, name := range once {
		if first.header.Get(name) != "once" {
			t.Errorf("%s is missing in the first response", name)
		}
		if got := again.header.Get(name); got != "" {
			t.Errorf("%s: %q was replayed", name, got)
		}
	}
	if got := again.header.Get("X-Kept"); got != "kept" {
		t.Errorf("X-Kept: %q", got)
	}
	if again.header.Get("X-Checksum") != "" || again.header.Get(http.TrailerPrefix+"X-Checksum") != "" {
		t.Error("a trailer was replayed as a header")
	}
}

// What outer middleware puts on every response is its own affair: it does so on the replay
// too, and must not find it doubled, or see an old value.
func TestOuterHeadersStayOutside(t *testing.T) {
	t.Parallel()
	n := 0
	once := server.New(idem.NewMemory(), server.WithSharedScope())
	inner := once(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Vary", "Accept")
		w.Header().Set("Cache-Control", "no-store")
	}))
	outer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("X-Visit", strconv.Itoa(n))
		w.Header().Set("Cache-Control", "public")
		w.Header().Add("Vary", "Origin")
		inner.ServeHTTP(w, r)
	})
	for visit := 1; visit <= 2; visit++ {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
		r.Header.Set(idem.Header, "k")
		w := httptest.NewRecorder()
		outer.ServeHTTP(w, r)
		for name, want := range map[string][]string{
			"Access-Control-Allow-Origin": {"*"},
			"X-Visit":                     {strconv.Itoa(visit)},
			"Cache-Control":               {"no-store"},
			"Vary":                        {"Origin", "Accept"},
		} {
			if got := w.Header()[name]; !slices.Equal(got, want) {
				t.Errorf("visit %d: %s: %q, want %q", visit, name, got, want)
			}
		}
	}
}

func TestHead(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"body written": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "four") },
		"length declared": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "4")
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, handler, server.WithMethods(http.MethodHead))
			for visit := range 2 {
				r := s.send(http.MethodHead, "/orders", "k", "")
				s.expect(r, 200, "")
				if r.replayed() != (visit == 1) {
					t.Errorf("visit %d: replayed = %v", visit, r.replayed())
				}
				if got := r.header.Get("Content-Length"); got != "4" {
					t.Errorf("visit %d: Content-Length %q, want 4", visit, got)
				}
			}
			s.expectRuns(1)
		})
	}
}
