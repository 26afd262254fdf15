package transport_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
	"github.com/goaroundhq/goaround/transport"
)

// eventually polls for a condition.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s does not happen", what)
		}
	}
}

// Over real connections, of both protocols: first exchanges hang, hedges answer with long
// bodies, which are read to their end after the race; and all that hung is let go.
func TestHedgeOverTheWire(t *testing.T) {
	t.Parallel()
	for _, h2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("http2 %v", h2), func(t *testing.T) {
			t.Parallel()
			long := bytes.Repeat([]byte("0123456789abcdef"), 64<<10) // 1 MiB
			var seen sync.Map
			var hanging, hung, open atomic.Int32
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // only then net/http notices that a client leaves
				if _, hedge := seen.LoadOrStore(r.Header.Get(idem.Header), true); !hedge {
					hung.Add(1)
					hanging.Add(1)
					defer hanging.Add(-1)
					<-r.Context().Done()
					return
				}
				_, _ = w.Write(long)
			}))
			s.EnableHTTP2 = h2
			s.Config.ErrorLog = quiet
			s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				switch state {
				case http.StateNew:
					open.Add(1)
				case http.StateClosed:
					open.Add(-1)
				}
			}
			s.StartTLS()
			defer s.Close()
			client := s.Client()
			base := client.Transport.(*http.Transport)
			base.MaxIdleConnsPerHost = 100
			client.Transport = transport.New(base, transport.WithBudget(nil),
				transport.WithHedging(transport.HedgeAfter(5*time.Millisecond)))

			const calls = 20
			var wg sync.WaitGroup
			for range calls {
				wg.Go(func() {
					resp, err := client.Post(s.URL, "text/plain", strings.NewReader("content"))
					if err != nil {
						t.Error(err)
						return
					}
					defer resp.Body.Close()
					if got, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(got, long) {
						t.Errorf("%d bytes of %d, %v", len(got), len(long), err)
					}
				})
			}
			wg.Wait()
			if hung.Load() != calls {
				t.Errorf("%d exchanges hung, want %d", hung.Load(), calls)
			}
			eventually(t, "the end of the losers", func() bool { return hanging.Load() == 0 })
			eventually(t, "the end of all connections", func() bool {
				client.CloseIdleConnections() // again: a stream that was reset may be busy for a moment
				return open.Load() == 0
			})
		})
	}
}

// A server that knows keys runs the operation once, although two requests arrive: the second
// one is told that the first is in progress, which does not win.
func TestHedgeOfAnOperation(t *testing.T) {
	t.Parallel()
	var runs, requests, answered atomic.Int32
	hedged := make(chan struct{})
	scope := func(*http.Request) (idem.Scope, error) { return "ann", nil }
	once := server.New(idem.NewMemory(), server.WithScope(scope))(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-hedged // the other request has been there
		runs.Add(1)
		w.WriteHeader(http.StatusCreated)
	}))
	w := newWire(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		once.ServeHTTP(w, r)
		if answered.Add(1) == 1 { // whichever came second: the one that runs waits for it
			close(hedged)
		}
	}, transport.WithHedging(transport.HedgeAfter(5*time.Millisecond)))
	code, _, err := w.do(t, "POST", strings.NewReader("book"))
	if code != 201 || err != nil || runs.Load() != 1 || requests.Load() != 2 {
		t.Errorf("%d, %v; %d runs of %d requests", code, err, runs.Load(), requests.Load())
	}
}

// Losers whose response is there already give their connection back.
func TestHedgeReusesConnections(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	refused := make(chan struct{}, 1)
	w := newWire(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1)%2 == 1 { // the first exchange waits until its hedge has failed
			<-refused
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, strings.Repeat("busy ", 1000))
	})
	base := &http.Transport{}
	defer base.CloseIdleConnections()
	told := func(next http.RoundTripper) http.RoundTripper {
		return roundTripperFunc(func(req *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(req)
			if err == nil && resp.StatusCode == http.StatusServiceUnavailable {
				refused <- struct{}{}
			}
			return resp, err
		})
	}
	w.client.Transport = transport.Chain(base, transport.Hedge(transport.WithHedging(transport.HedgeAfter(time.Millisecond)), transport.WithBudget(nil)), told)
	for range 100 {
		if code, _, err := w.do(t, "GET", nil); code != 200 || err != nil {
			t.Fatal(code, err)
		}
	}
	if got := w.opened.Load(); got > 30 { // a loser may be read a moment too late for the next call
		t.Errorf("%d connections for 200 exchanges, two at a time", got)
	}
}

// The caller's deadline ends a call whose exchanges all hang.
func TestHedgeObeysTheClientsTimeout(t *testing.T) {
	t.Parallel()
	var hanging atomic.Int32
	w := newWire(t, func(_ http.ResponseWriter, r *http.Request) {
		hanging.Add(1)
		defer hanging.Add(-1)
		<-r.Context().Done()
	}, transport.WithHedging(transport.HedgeAfter(time.Millisecond)))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", w.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := w.client.Do(req)
	if err == nil {
		_ = resp.Body.Close()
		t.Fatal("a response")
	}
	if ctx.Err() == nil {
		t.Errorf("an error before the deadline: %v", err)
	}
	eventually(t, "the end of the exchanges", func() bool { return hanging.Load() == 0 })
}
