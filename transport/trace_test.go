package transport_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/transport"
)

// shaky is a listener that does something else with its first connections.
type shaky struct {
	net.Listener
	first func(net.Conn)
	left  atomic.Int32
}

func (l *shaky) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil || l.left.Add(-1) < 0 {
			return conn, err
		}
		l.first(conn)
	}
}

// A POST without a key is sent again only when it certainly was not sent: there was no
// connection for it. What was wrong with the connection is all the same.
func TestUnsentIsSentAgain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		first func(net.Conn)
	}{
		{"closed in the handshake", func(c net.Conn) { _ = c.Close() }},
		{"reset in the handshake", func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0); _ = c.Close() }},
		{"silent in the handshake", func(c net.Conn) {
			go func() {
				_, _ = io.Copy(io.Discard, c) // until the client gives up
				_ = c.Close()
			}()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ts := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if body, err := io.ReadAll(r.Body); string(body) != "content" || err != nil {
					t.Errorf("%q, %v", body, err)
				}
			}))
			listener := &shaky{Listener: ts.Listener, first: tt.first}
			listener.left.Store(2)
			ts.Listener = listener
			ts.Config.ErrorLog = quiet
			ts.StartTLS()
			defer ts.Close()
			client := ts.Client()
			defer client.CloseIdleConnections()
			client.Transport.(*http.Transport).TLSHandshakeTimeout = 2 * time.Second
			n := 0
			rt := transport.New(client.Transport, transport.WithBackoff(noWait), transport.WithKeyMethods(), transport.WithMaxAttempts(0),
				transport.WithObserver(transport.Observer{Attempt: func(_ context.Context, a transport.Attempt) {
					if n++; n < 3 && a.Verdict != transport.Unprocessed {
						t.Errorf("attempt %+v", a)
					}
				}}))
			req, err := http.NewRequestWithContext(t.Context(), "POST", ts.URL, strings.NewReader("content"))
			if err != nil {
				t.Fatal(err)
			}
			// More on a busy machine, where a good handshake takes too long.
			if code, _, err := roundTrip(t, rt, req); code != 200 || err != nil || n < 3 {
				t.Errorf("%d, %v after %d attempts", code, err, n)
			}
		})
	}
}

// An attempt that found no connection in its time was not sent, either.
func TestAttemptTimeoutWithoutAConnection(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	base := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if n.Add(1) == 1 {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}}
	defer base.CloseIdleConnections()
	w := newWire(t, func(http.ResponseWriter, *http.Request) {})
	rt := transport.New(base, transport.WithBackoff(noWait), transport.WithKeyMethods(), transport.WithAttemptTimeout(5*time.Second))
	req, err := http.NewRequestWithContext(t.Context(), "POST", w.URL, strings.NewReader("content"))
	if err != nil {
		t.Fatal(err)
	}
	if code, _, err := roundTrip(t, rt, req); code != 200 || err != nil {
		t.Errorf("%d, %v", code, err)
	}
}

// With a connection, the request may have arrived.
func TestAttemptTimeoutWithAConnection(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	// On a busy machine the first attempts have no connection, so there is no bound of them.
	w := newWire(t, func(_ http.ResponseWriter, r *http.Request) {
		n.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}, transport.WithKeyMethods(), transport.WithAttemptTimeout(time.Second), transport.WithMaxAttempts(0))
	_, _, err := w.do(t, "POST", strings.NewReader("content"))
	eventually(t, "the request", func() bool { return n.Load() > 0 })
	if !errors.Is(err, transport.ErrAttemptTimeout) || n.Load() != 1 {
		t.Errorf("%v after %d attempts", err, n.Load())
	}
}

// A RoundTripper that calls no traces says nothing about what was sent.
func TestNoTraceNoKnowledge(t *testing.T) {
	t.Parallel()
	if got := attempts(t, "POST", failure(io.EOF)); got != 1 {
		t.Errorf("%d attempts", got)
	}
}

// The caller's own trace is told all the same, also when ours is there.
func TestCallersTrace(t *testing.T) {
	t.Parallel()
	for _, opts := range [][]transport.Option{nil, {transport.WithKeyMethods()}, {transport.WithAttemptTimeout(within)}} {
		var n atomic.Int32
		w := newWire(t, func(w http.ResponseWriter, _ *http.Request) {
			if n.Add(1) < 3 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}, append(opts, transport.WithClassifier(transport.OnStatus(transport.Unprocessed, 503)))...)
		var asked, got, wrote, first atomic.Int32
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			GetConn:              func(string) { asked.Add(1) },
			GotConn:              func(httptrace.GotConnInfo) { got.Add(1) },
			WroteRequest:         func(httptrace.WroteRequestInfo) { wrote.Add(1) },
			GotFirstResponseByte: func() { first.Add(1) },
		})
		req, err := http.NewRequestWithContext(ctx, "POST", w.URL, strings.NewReader("content"))
		if err != nil {
			t.Fatal(err)
		}
		if code, _, err := roundTrip(t, w.client.Transport, req); code != 200 || err != nil {
			t.Errorf("%d, %v", code, err)
		}
		if asked.Load() != 3 || got.Load() != 3 || wrote.Load() != 3 || first.Load() != 3 {
			t.Errorf("the trace saw %d, %d, %d and %d of 3 attempts", asked.Load(), got.Load(), wrote.Load(), first.Load())
		}
	}
}

// A server that refuses to speak TLS with us will refuse again.
func TestTLSRefusals(t *testing.T) {
	t.Parallel()
	for name, configure := range map[string]func(server, client *tls.Config){
		"certificate of the client": func(server, _ *tls.Config) { server.ClientAuth = tls.RequireAnyClientCert },
		"the same before TLS 1.3": func(server, _ *tls.Config) {
			server.ClientAuth, server.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12
		},
		"version": func(server, client *tls.Config) {
			server.MinVersion, client.MaxVersion = tls.VersionTLS13, tls.VersionTLS12
		},
		"application protocol": func(server, client *tls.Config) {
			server.NextProtos, client.NextProtos = []string{"h2"}, []string{"other"}
		},
		"host name": func(_, client *tls.Config) { client.ServerName = "elsewhere.example" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ts := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			ts.Config.ErrorLog = quiet
			ts.TLS = &tls.Config{} //nolint:gosec // versions are part of the test
			ts.StartTLS()
			defer ts.Close()
			client := ts.Client()
			defer client.CloseIdleConnections()
			base := client.Transport.(*http.Transport)
			configure(ts.TLS, base.TLSClientConfig)
			n := 0
			rt := transport.New(base, transport.WithBackoff(noWait), transport.WithObserver(transport.Observer{
				Attempt: func(context.Context, transport.Attempt) { n++ },
			}))
			req, err := http.NewRequestWithContext(t.Context(), "GET", ts.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := roundTrip(t, rt, req); err == nil || n != 1 {
				t.Errorf("%v after %d attempts", err, n)
			}
		})
	}
}
