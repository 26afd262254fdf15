package transport_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/transport"
)

// A body that came whole is whole, however late its end is read; as with http.Client.Timeout.
func TestWholeBodyReadLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt := transport.New(newScript(t, status(200)), transport.WithTimeout(time.Second))
		resp, err := rt.RoundTrip(newRequest(t, "GET", ""))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		time.Sleep(2 * time.Second)
		if body, err := io.ReadAll(resp.Body); string(body) != "OK" || err != nil {
			t.Errorf("%q, %v", body, err)
		}
	})
}

func TestWholeBodyReadLateOverTheWire(t *testing.T) {
	t.Parallel()
	for name, send := range map[string]http.HandlerFunc{
		"length": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "done") },
		"chunked": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Transfer-Encoding", "chunked")
			_, _ = io.WriteString(w, "done")
			// Over HTTP/1 the last chunk would come after this one, and nobody would have read it.
			if r.ProtoMajor == 2 {
				_ = http.NewResponseController(w).Flush()
			}
		},
		"gzip": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, "done")
			_ = z.Close()
		},
	} {
		for _, http2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/http2=%t", name, http2), func(t *testing.T) {
				t.Parallel()
				ts, client := newTLS(t, http2, send)
				var ends context.Context
				below := roundTripperFunc(func(req *http.Request) (*http.Response, error) {
					ends = req.Context()
					return client.Transport.RoundTrip(req)
				})
				req, err := http.NewRequestWithContext(t.Context(), "GET", ts.URL, nil)
				if err != nil {
					t.Fatal(err)
				}
				resp, err := transport.New(below, transport.WithTimeout(4*time.Second)).RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				if chunked := resp.ContentLength < 0 && !resp.Uncompressed; chunked != (name == "chunked") {
					t.Fatalf("the length is %d", resp.ContentLength)
				}
				body := make([]byte, len("done"))
				if _, err := io.ReadFull(resp.Body, body); err != nil {
					t.Fatal(err)
				}
				<-ends.Done()
				if rest, err := io.ReadAll(resp.Body); string(body) != "done" || len(rest) > 0 || err != nil {
					t.Errorf("%q, and late %q, %v", body, rest, err)
				}
			})
		}
	}
}

// closing is a body that looks at a context when it is closed.
type closing struct {
	io.Reader
	ctx   context.Context
	ended bool // already then
}

func (b *closing) Close() error {
	b.ended = b.ctx.Err() != nil
	return nil
}

// A body is closed before its context ends: net/http gives up connections whose request is
// cancelled.
func TestBodyIsClosedBeforeItsContext(t *testing.T) {
	t.Parallel()
	var body *closing
	rt := transport.New(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
		body = &closing{Reader: strings.NewReader("content"), ctx: req.Context()}
		return &http.Response{StatusCode: 200, Body: body, Request: req}, nil
	}), transport.WithTimeout(time.Hour), transport.WithAttemptTimeout(time.Hour))
	resp, err := rt.RoundTrip(newRequest(t, "GET", ""))
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || body.ended || body.ctx.Err() == nil {
		t.Errorf("%v; ended before closing: %t, and after: %v", err, body.ended, body.ctx.Err())
	}
}

// A connection that has changed its protocol is the caller's, as long as it wants, and both its
// halves can be ended.
func TestTimeoutLeavesUpgradedConnections(t *testing.T) {
	t.Parallel()
	var ends context.Context
	w := newWire(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		all, _ := io.ReadAll(rw) // until the client ends its half
		_, _ = conn.Write(all)
	})
	base := &http.Transport{}
	remember := transport.WithAttemptSteps(func(next http.RoundTripper) http.RoundTripper {
		return roundTripperFunc(func(req *http.Request) (*http.Response, error) {
			ends = req.Context()
			return next.RoundTrip(req)
		})
	})
	resp := inTime(t, func(timeout time.Duration) (*http.Response, error) {
		w.client.Transport = transport.New(base, transport.WithTimeout(timeout), remember)
		return w.upgrade(t)
	})
	defer resp.Body.Close()
	<-ends.Done()
	conn, ok := resp.Body.(interface {
		io.ReadWriter
		CloseWrite() error
	})
	if !ok {
		t.Fatalf("the body is a %T", resp.Body)
	}
	_, _ = io.WriteString(conn, "hello")
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if echo, err := io.ReadAll(conn); string(echo) != "hello" || err != nil {
		t.Errorf("%q, %v", echo, err)
	}
}
