package transport_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// reset ends the connection without a response.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

func TestResetAfterTheRequestWasRead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		method string
		opts   []transport.Option
		ok     bool
	}{
		{"GET", nil, true},
		{"POST", nil, true},
		{"POST", []transport.Option{transport.WithKeyMethods()}, false}, // without a key it may have had its effect
	} {
		var seen []string
		var mu sync.Mutex
		w := newWire(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			mu.Lock()
			seen = append(seen, r.Header.Get(idem.Header)+string(body))
			n := len(seen)
			mu.Unlock()
			if n < 3 {
				reset(w)
			}
		}, tt.opts...)
		code, _, err := w.do(t, tt.method, strings.NewReader("content"))
		if (code == 200 && err == nil) != tt.ok {
			t.Errorf("%s: %d, %v", tt.method, code, err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, s := range seen[1:] {
			if s != seen[0] || !strings.HasSuffix(s, "content") {
				t.Errorf("%s: attempts differ: %q", tt.method, seen)
			}
		}
		if !tt.ok && len(seen) != 1 {
			t.Errorf("%s without a key was sent %d times", tt.method, len(seen))
		}
	}
}

// Nobody listens: nothing was sent, so even a POST without a key may go again.
func TestConnectionRefused(t *testing.T) {
	t.Parallel()
	w := newWire(t, func(http.ResponseWriter, *http.Request) {}, transport.WithKeyMethods())
	// Not the port of a server that was closed, which may be another's by then.
	w.URL = "http://127.0.0.1:1"
	_, _, err := w.do(t, "POST", strings.NewReader("content"))
	var e *transport.Error
	if !errors.As(err, &e) || e.Attempts != transport.DefaultMaxAttempts || !errors.Is(err, slot.ErrAttempts) {
		t.Errorf("error %v", err)
	}
}

func TestNameThatDoesNotResolve(t *testing.T) {
	t.Parallel()
	base := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "nowhere.invalid", IsNotFound: true}}
	}}
	n := 0
	client := &http.Client{Transport: transport.New(base, transport.WithBackoff(noWait), transport.WithObserver(transport.Observer{
		Attempt: func(context.Context, transport.Attempt) { n++ },
	}))}
	resp, err := client.Get("http://nowhere.invalid")
	if err == nil {
		_ = resp.Body.Close()
	}
	var dns *net.DNSError
	if !errors.As(err, &dns) || n != 1 {
		t.Errorf("%v after %d attempts", err, n)
	}
}

func TestCertificateThatDoesNotVerify(t *testing.T) {
	t.Parallel()
	ts := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	ts.Config.ErrorLog = quiet
	ts.StartTLS()
	defer ts.Close()
	n := 0
	client := &http.Client{Transport: transport.New(&http.Transport{}, transport.WithBackoff(noWait), transport.WithObserver(transport.Observer{
		Attempt: func(context.Context, transport.Attempt) { n++ },
	}))}
	resp, err := client.Get(ts.URL)
	if err == nil {
		_ = resp.Body.Close()
	}
	if err == nil || n != 1 {
		t.Errorf("%v after %d attempts", err, n)
	}
}
