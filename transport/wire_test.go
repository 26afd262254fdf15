package transport_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// wire is a real server on loopback that counts its connections, and a client for it.
type wire struct {
	*httptest.Server
	opened atomic.Int32
	client *http.Client
}

func newWire(t *testing.T, h http.HandlerFunc, opts ...transport.Option) *wire {
	t.Helper()
	w := &wire{Server: httptest.NewUnstartedServer(h)}
	w.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			w.opened.Add(1)
		}
	}
	w.Start()
	base := &http.Transport{MaxIdleConnsPerHost: 100}
	opts = append([]transport.Option{transport.WithBackoff(noWait)}, opts...)
	w.client = &http.Client{Transport: transport.New(base, opts...)}
	t.Cleanup(func() {
		w.client.CloseIdleConnections()
		w.Close()
	})
	return w
}

func (w *wire) do(t *testing.T, method string, body io.Reader) (int, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, w.URL, body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), err
}

// upgrade asks for a connection that speaks another protocol.
func (w *wire) upgrade(t *testing.T) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", w.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "echo")
	return w.client.Transport.RoundTrip(req)
}

// Retried responses give their connection back: a thousand retried attempts of ten callers
// need no connection beyond the ten that the callers have.
func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 100, 32 << 10} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			const callers = 10
			var together sync.WaitGroup
			together.Add(callers)
			w := newWire(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				if r.Method == http.MethodGet { // to have ten connections to begin with
					together.Done()
					together.Wait()
					return
				}
				w.WriteHeader(http.StatusServiceUnavailable)
				_, _ = w.Write(make([]byte, size))
			}, transport.WithBudget(nil))
			each := func(call func()) {
				var wg sync.WaitGroup
				for range callers {
					wg.Go(call)
				}
				wg.Wait()
			}
			each(func() {
				if _, _, err := w.do(t, "GET", nil); err != nil {
					t.Error(err)
				}
			})
			each(func() {
				for range 25 {
					code, body, err := w.do(t, "POST", strings.NewReader("content"))
					if code != 503 || len(body) != size || err != nil {
						t.Errorf("%d, %d bytes, %v", code, len(body), err)
					}
				}
			})
			// A thousand attempts. net/http gives up a connection whose request is not known to
			// be written 50 ms after its response, which happens on a busy machine.
			if got := w.opened.Load(); got > 10*callers {
				t.Errorf("%d connections for %d callers", got, callers)
			}
		})
	}
}

func TestHTTP2(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	ts := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != "content" || r.ProtoMajor != 2 {
			t.Errorf("%s: %q, %v", r.Proto, body, err)
		}
		switch n.Add(1) {
		case 1:
			panic(http.ErrAbortHandler) // RST_STREAM
		case 2:
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	ts.EnableHTTP2 = true
	ts.Config.ErrorLog = quiet
	ts.StartTLS()
	defer ts.Close()
	client := ts.Client()
	client.Transport = transport.New(client.Transport, transport.WithBackoff(noWait))
	defer client.CloseIdleConnections()
	// A reader that net/http cannot open again by itself.
	resp, err := client.Post(ts.URL, "text/plain", onlyReader{strings.NewReader("content")})
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 200 || n.Load() != 3 {
		t.Errorf("%d after %d attempts", resp.StatusCode, n.Load())
	}
}

// The total deadline of the client bounds the whole call, and no wait is begun in vain.
func TestClientTimeout(t *testing.T) {
	t.Parallel()
	w := newWire(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		transport.WithBackoff(slot.BackoffFunc(func(int) time.Duration { return time.Hour })))
	w.client.Timeout = time.Minute
	code, _, err := w.do(t, "GET", nil) // returns now, not in a minute
	if code != 503 || err != nil {
		t.Errorf("%d, %v", code, err)
	}
}

// Redirects and cookies stay with http.Client, and each hop is a call of its own.
func TestRedirectsAndCookies(t *testing.T) {
	t.Parallel()
	var keys []string
	n := 0
	w := newWire(t, func(w http.ResponseWriter, r *http.Request) {
		keys = append(keys, r.Header.Get(idem.Header))
		if n++; n%2 == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if r.URL.Path == "/" {
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "17"})
			http.Redirect(w, r, "/new", http.StatusTemporaryRedirect)
			return
		}
		cookie, err := r.Cookie("session")
		body, _ := io.ReadAll(r.Body)
		if err != nil || cookie.Value != "17" || string(body) != "content" {
			t.Errorf("cookie %v, %v; body %q", cookie, err, body)
		}
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.client.Jar = jar
	code, _, err := w.do(t, "POST", strings.NewReader("content"))
	if code != 200 || err != nil {
		t.Errorf("%d, %v", code, err)
	}
	if len(keys) != 4 || keys[0] != keys[1] || keys[2] != keys[3] || keys[0] == keys[2] || keys[0] == "" || keys[2] == "" {
		t.Errorf("keys %q", keys)
	}
}

// A server that answers early, without reading a body that it will not have.
func TestEarlyAnswerToALargeBody(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	w := newWire(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		size, err := io.Copy(io.Discard, r.Body)
		_, _ = fmt.Fprint(w, size, err)
	})
	const size = 4 << 20
	req, err := http.NewRequestWithContext(t.Context(), "PUT", w.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Body, req.ContentLength = newSeekBody(strings.Repeat("x", size), 0), size
	resp, err := w.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); string(body) != "4194304 <nil>" || err != nil {
		t.Errorf("%d %q, %v", resp.StatusCode, body, err)
	}
}

// A server that ends an HTTP/2 stream while the body is still to come: net/http closes the
// body and waits for its reader, which must be told to stop.
func TestStreamEndsWhileTheBodyBlocks(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(http.ResponseWriter){
		"reset": func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"503":   func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ts := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = r.Body.Read(make([]byte, 1))
				end(w)
			}))
			ts.EnableHTTP2 = true
			ts.Config.ErrorLog = quiet
			ts.StartTLS()
			defer ts.Close()
			client := ts.Client()
			defer client.CloseIdleConnections()
			pipe, writer := io.Pipe()
			defer writer.Close()
			go func() { _, _ = writer.Write([]byte("x")) }() // and no more
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodPut, ts.URL, pipe)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := transport.New(client.Transport, transport.WithBackoff(noWait)).RoundTrip(req)
			if ctx.Err() != nil {
				t.Errorf("hung until the deadline: %v", err)
			}
			if err == nil {
				_ = resp.Body.Close()
			}
		})
	}
}
