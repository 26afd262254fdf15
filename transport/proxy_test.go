package transport_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/goaroundhq/goaround/transport"
)

// proxied is a client that goes through a proxy, which treats its first requests otherwise.
func proxied(t *testing.T, first func(w http.ResponseWriter, n int) bool) *http.Transport {
	t.Helper()
	var n atomic.Int32
	forward := &httputil.ReverseProxy{Rewrite: func(*httputil.ProxyRequest) {}}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case first(w, int(n.Add(1))):
		case r.Method == http.MethodConnect:
			tunnel(t, w, r.Host)
		default:
			forward.ServeHTTP(w, r)
		}
	}))
	address, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	base := &http.Transport{Proxy: http.ProxyURL(address)}
	t.Cleanup(func() {
		base.CloseIdleConnections()
		proxy.Close()
	})
	return base
}

// tunnel connects the client with a server until one of them ends it.
func tunnel(t *testing.T, w http.ResponseWriter, host string) {
	server, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", host)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer server.Close()
	client, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	defer client.Close()
	_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n") // not before: what the client sends then would be in a buffer
	ended := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{client, server}, {server, client}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1])
			ended <- struct{}{}
		}()
	}
	<-ended
	_, _ = client.Close(), server.Close()
	<-ended
}

// Through a proxy for HTTP, failures of the proxy are responses, and retried like others.
func TestHTTPProxy(t *testing.T) {
	t.Parallel()
	w := newWire(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	})
	base := proxied(t, func(w http.ResponseWriter, n int) bool {
		if n < 3 {
			w.WriteHeader(http.StatusBadGateway)
		}
		return n < 3
	})
	req, err := http.NewRequestWithContext(t.Context(), "POST", w.URL, strings.NewReader("content"))
	if err != nil {
		t.Fatal(err)
	}
	if code, body, err := roundTrip(t, transport.New(base, transport.WithBackoff(noWait)), req); code != 200 || body != "content" || err != nil {
		t.Errorf("%d %q, %v", code, body, err)
	}
}

// Through a tunnel, a proxy that fails to make it has sent nothing: even a POST without a key
// goes again. A proxy that wants a password will want it again.
func TestTunnel(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		code     int // of the first two CONNECTs
		attempts int
	}{
		{"bad gateway", http.StatusBadGateway, 3},
		{"unavailable", http.StatusServiceUnavailable, 3},
		{"password", http.StatusProxyAuthRequired, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ts, client := newTLS(t, false, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
			base := proxied(t, func(w http.ResponseWriter, n int) bool {
				if n < 3 {
					w.WriteHeader(tt.code)
				}
				return n < 3
			})
			base.TLSClientConfig = client.Transport.(*http.Transport).TLSClientConfig.Clone()
			n := 0
			rt := transport.New(base, transport.WithBackoff(noWait), transport.WithKeyMethods(), transport.WithObserver(transport.Observer{
				Attempt: func(context.Context, transport.Attempt) { n++ },
			}))
			req, err := http.NewRequestWithContext(t.Context(), "POST", ts.URL, strings.NewReader("content"))
			if err != nil {
				t.Fatal(err)
			}
			code, body, err := roundTrip(t, rt, req)
			if ok := code == 200 && body == "content" && err == nil; n != tt.attempts || ok != (tt.attempts == 3) {
				t.Errorf("%d %q, %v after %d attempts", code, body, err, n)
			}
		})
	}
}

// answering is a name server that knows nothing and says so with a code.
func answering(t *testing.T, code byte) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			query := make([]byte, 1500)
			n, from, err := conn.ReadFrom(query)
			if err != nil {
				return
			}
			query[2] |= 0x80 // a response (RFC 1035, 4.1.1)
			query[3] = query[3]&0xf0 | code
			_, _ = conn.WriteTo(query[:n], from)
		}
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-done
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// A name that does not exist will not exist in a moment; a name server in trouble may recover,
// and nothing was sent.
func TestNames(t *testing.T) {
	t.Parallel()
	const serverFailure, noSuchName, refused = 2, 3, 5
	for name, tt := range map[string]struct {
		code byte
		want int
	}{
		"no such name": {noSuchName, 1}, "server failure": {serverFailure, 3}, "refused": {refused, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dialer := &net.Dialer{Resolver: answering(t, tt.code)}
			base := &http.Transport{DialContext: dialer.DialContext}
			n := 0
			rt := transport.New(base, transport.WithBackoff(noWait), transport.WithMaxAttempts(3), transport.WithKeyMethods(),
				transport.WithObserver(transport.Observer{Attempt: func(context.Context, transport.Attempt) { n++ }}))
			req, err := http.NewRequestWithContext(t.Context(), "POST", "http://name.test.", strings.NewReader("content"))
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = roundTrip(t, rt, req)
			var dns *net.DNSError
			if !errors.As(err, &dns) || n != tt.want {
				t.Errorf("%v after %d attempts, want %d", err, n, tt.want)
			}
		})
	}
}
