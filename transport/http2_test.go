package transport_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/goaroundhq/goaround/transport"
)

// How streams and connections of HTTP/2 end, and what is sent again: everything that the
// server has not begun, else what may be repeated. net/http itself repeats at once what was
// not begun, if it can open the body again; so the body here cannot be opened again.
func TestHTTP2StreamErrors(t *testing.T) {
	t.Parallel()
	const refused, internal, cancelled, calm, insecure, http11 = 7, 2, 8, 0xb, 0xc, 0xd
	reset := func(code uint32) func(*framed) bool {
		return func(c *framed) bool { c.reset(code); return true }
	}
	for _, tt := range []struct {
		name        string
		end         func(c *framed) bool // of the first request
		keyed, bare int                  // requests, with and without a key
	}{
		{"refused", reset(refused), 2, 2},
		{"internal error", reset(internal), 2, 1},
		{"cancelled", reset(cancelled), 2, 1},
		{"enhance your calm", reset(calm), 2, 1},
		{"inadequate security", reset(insecure), 1, 1},
		{"wants HTTP/1.1", reset(http11), 1, 1},
		{"goes away before it began", func(c *framed) bool { c.goAway(c.stream-1, 0); return true }, 2, 2},
		{"goes away at once, with an error", func(c *framed) bool { c.goAway(0, internal); return true }, 2, 2},
		{"goes away and closes, with an error", func(c *framed) bool { c.goAway(c.stream, internal); return false }, 2, 1},
		{"goes away and closes", func(c *framed) bool { c.goAway(c.stream, 0); return false }, 2, 1},
		{"closes", func(*framed) bool { return false }, 2, 1},
	} {
		for _, keyed := range []bool{true, false} {
			name, want, opts := tt.name+"/keyed", tt.keyed, []transport.Option{transport.WithBackoff(noWait)}
			if !keyed {
				name, want, opts = tt.name+"/bare", tt.bare, append(opts, transport.WithKeyMethods())
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				server := newFrames(t, func(c *framed, n int) bool {
					if n == 1 {
						return tt.end(c)
					}
					c.ok()
					return true
				})
				ctx, cancel := context.WithTimeout(t.Context(), within)
				defer cancel()
				req, err := http.NewRequestWithContext(ctx, "POST", "http://"+server.Addr().String(), onlyReader{strings.NewReader("content")})
				if err != nil {
					t.Fatal(err)
				}
				resp, err := transport.New(newPlainHTTP2(t), opts...).RoundTrip(req)
				if err == nil {
					_ = resp.Body.Close()
				}
				if got := int(server.n.Load()); got != want || (err == nil) != (want == 2) {
					t.Errorf("%d requests, want %d; %v", got, want, err)
				}
			})
		}
	}
}

// HTTP/2 without TLS, with a whole server.
func TestPlainHTTP2(t *testing.T) {
	t.Parallel()
	n := 0
	ts := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); r.ProtoMajor != 2 || string(body) != "content" || err != nil {
			t.Errorf("%s: %q, %v", r.Proto, body, err)
		}
		if n++; n < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = io.WriteString(w, "answer")
	}))
	ts.Config.Protocols = new(http.Protocols)
	ts.Config.Protocols.SetUnencryptedHTTP2(true)
	ts.Start()
	defer ts.Close()
	base := newPlainHTTP2(t)
	defer base.CloseIdleConnections()
	rt := transport.New(base, transport.WithBackoff(noWait), transport.WithAttemptTimeout(within), transport.WithTimeout(within))
	req, err := http.NewRequestWithContext(t.Context(), "POST", ts.URL, strings.NewReader("content"))
	if err != nil {
		t.Fatal(err)
	}
	code, body, err := roundTrip(t, rt, req)
	if code != 200 || body != "answer" || n != 3 || err != nil {
		t.Errorf("%d %q after %d attempts, %v", code, body, n, err)
	}
}

// A server that ends in the middle of many calls: all of them come through.
func TestHTTP2ServerGoesAway(t *testing.T) {
	t.Parallel()
	server := newFrames(t, func(c *framed, n int) bool {
		if n%5 == 0 { // begins no more streams on this connection
			c.goAway(c.stream-1, 0)
			return true
		}
		c.ok()
		return true
	})
	rt := transport.New(newPlainHTTP2(t), transport.WithBackoff(noWait))
	for range 30 {
		req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+server.Addr().String(), strings.NewReader("content"))
		if err != nil {
			t.Fatal(err)
		}
		if code, _, err := roundTrip(t, rt, req); code != 200 || err != nil {
			t.Errorf("%d, %v", code, err)
		}
	}
}
