package transport_test

import (
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

// sourceDown is a body that comes from a host that cannot be dialled, after it has begun.
type sourceDown struct{ io.Reader }

func (b *sourceDown) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	}
	return n, err
}

// That something else could not be dialled does not say that the server has not got the
// request: a POST without a key is not sent again.
func TestDialErrorOfTheBodysSource(t *testing.T) {
	t.Parallel()
	var begun atomic.Int32
	w := newWire(t, func(_ http.ResponseWriter, r *http.Request) {
		begun.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
	}, transport.WithKeyMethods())
	open := func() (io.ReadCloser, error) {
		return io.NopCloser(&sourceDown{strings.NewReader(strings.Repeat("x", 100_000))}), nil
	}
	req, err := http.NewRequestWithContext(t.Context(), "POST", w.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Body, _ = open()
	req.GetBody, req.ContentLength = open, -1
	var op *net.OpError
	if _, _, err := roundTrip(t, w.client.Transport, req); !errors.As(err, &op) || op.Op != "dial" {
		t.Errorf("error %v", err)
	}
	w.Close() // when its handlers have ended
	if n := begun.Load(); n > 1 {
		t.Errorf("the operation began %d times", n)
	}
}

// The same below of which somebody follows redirects.
func TestDialErrorAfterARedirect(t *testing.T) {
	t.Parallel()
	var arrived atomic.Int32
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived.Add(1)
		http.Redirect(w, r, "http://127.0.0.1:1", http.StatusSeeOther) // where nobody listens
	}))
	defer ts.Close()
	base := &http.Transport{}
	defer base.CloseIdleConnections()
	follow := roundTripperFunc(func(req *http.Request) (*http.Response, error) {
		return (&http.Client{Transport: base}).Do(req)
	})
	req, err := http.NewRequestWithContext(t.Context(), "POST", ts.URL, strings.NewReader("pay"))
	if err != nil {
		t.Fatal(err)
	}
	rt := transport.New(follow, transport.WithKeyMethods(), transport.WithBackoff(noWait))
	if _, _, err := roundTrip(t, rt, req); err == nil || arrived.Load() != 1 {
		t.Errorf("%v; the POST arrived %d times", err, arrived.Load())
	}
}

// A caller without keys, and a gateway that has some: that the server's store could not be
// asked now says nothing of the attempt that the gateway made before.
func TestStoreUnavailableBehindAGateway(t *testing.T) {
	t.Parallel()
	var arrived atomic.Int32
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if arrived.Add(1) == 1 { // the operation runs, and its answer is lost
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Idempotency-Status", "store-unavailable")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer backend.Close()
	backend.Config.ErrorLog = quiet
	to, err := url.Parse(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	base := &http.Transport{DisableKeepAlives: true}
	gateway := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(to) },
		Transport: transport.New(base, transport.WithBackoff(noWait), transport.WithMaxAttempts(2)),
		ErrorLog:  quiet,
	})
	defer gateway.Close()
	req, err := http.NewRequestWithContext(t.Context(), "POST", gateway.URL, strings.NewReader("pay"))
	if err != nil {
		t.Fatal(err)
	}
	rt := transport.Chain(base, transport.Retry(transport.WithBackoff(noWait))) // no keys
	if code, _, err := roundTrip(t, rt, req); code != 503 || err != nil || arrived.Load() != 2 {
		t.Errorf("%d, %v; %d requests, want the gateway's 2", code, err, arrived.Load())
	}
}
