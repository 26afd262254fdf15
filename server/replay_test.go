package server_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/goaroundhq/goaround/server"
)

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
