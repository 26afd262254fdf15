package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// listen starts a server of HTTP/1.1 or HTTP/2, and returns a client for it.
func listen(t *testing.T, h http.Handler, http2 bool) (string, *http.Client) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	if http2 {
		s.EnableHTTP2 = true
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	client := s.Client()
	client.Timeout = 30 * time.Second
	return s.URL, client
}

var protocols = map[string]bool{"HTTP1": false, "HTTP2": true}

// persist repeats a request as its refusals say, and returns the last status.
func persist(t *testing.T, client *http.Client, method, url string, header http.Header) int {
	ticket := ""
	for range 100 {
		r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
		if err != nil {
			t.Error(err)
			return 0
		}
		maps.Copy(r.Header, header)
		if ticket != "" {
			r.Header.Set(server.TicketHeader, `"`+ticket+`"`)
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Error(err)
			return 0
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusServiceUnavailable {
			return resp.StatusCode
		}
		var slot time.Duration
		slot, ticket = slotOf(t, resp.Header)
		select {
		case <-time.After(slot):
		case <-t.Context().Done():
			return 0
		}
	}
	return http.StatusServiceUnavailable
}

// busyHandler lets nobody out before some callers have been refused, so that there is a
// line whatever the machine does meanwhile.
type busyHandler struct {
	t                *testing.T
	places, needed   int64
	inside, served   atomic.Int64
	refused, claimed atomic.Int64
	open             chan struct{}
	opened           sync.Once
}

func newBusyHandler(t *testing.T, places, refusals int64) *busyHandler {
	return &busyHandler{t: t, places: places, needed: refusals, open: make(chan struct{})}
}

func (b *busyHandler) decided(_ context.Context, e server.Entry) {
	switch {
	case e.Verdict == server.Refused:
		if b.refused.Add(1) >= b.needed {
			b.opened.Do(func() { close(b.open) })
		}
	case e.Claimed:
		b.claimed.Add(1)
	}
}

func (b *busyHandler) ServeHTTP(http.ResponseWriter, *http.Request) {
	if n := b.inside.Add(1); n > b.places {
		b.t.Errorf("%d inside, at most %d may", n, b.places)
	}
	<-b.open
	time.Sleep(time.Millisecond) // work
	b.inside.Add(-1)
	b.served.Add(1)
}

// admit guards the handler, with a grace for a machine that is busy with other things.
func (b *busyHandler) admit(room int) http.Handler {
	return server.Admission(server.AdmitConcurrency(int(b.places)), server.WithWaitingRoom(room, 10*time.Millisecond),
		server.WithGrace(time.Minute), server.WithAdmissionObserver(server.AdmissionObserver{Decided: b.decided}))(b)
}

func (b *busyHandler) want(served int64) {
	b.t.Helper()
	b.t.Logf("served %d, refused %d, seats claimed %d", b.served.Load(), b.refused.Load(), b.claimed.Load())
	if b.served.Load() != served || b.claimed.Load() == 0 {
		b.t.Errorf("served %d, want %d; %d claimed a seat", b.served.Load(), served, b.claimed.Load())
	}
}

func TestAdmission_overLoopback(t *testing.T) {
	for name, http2 := range protocols {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBusyHandler(t, 10, 50)
			url, client := listen(t, b.admit(5), http2)
			var wg sync.WaitGroup
			for range 150 {
				wg.Go(func() {
					if status := persist(t, client, http.MethodGet, url, nil); status != http.StatusOK {
						t.Errorf("status %d, want 200", status)
					}
				})
			}
			wg.Wait()
			b.want(150)
		})
	}
}

// A thousand goroutines at once, in real time, for the race detector.
func TestAdmission_thousandAtOnce(t *testing.T) {
	b := newBusyHandler(t, 20, 500)
	h := b.admit(100)
	var wg sync.WaitGroup
	for range 1000 {
		wg.Go(func() {
			for ticket := ""; ; {
				w := ask(h, ticket)
				if w.Code == http.StatusOK {
					return
				}
				var slot time.Duration
				slot, ticket = slotOf(t, w.Header())
				time.Sleep(slot)
			}
		})
	}
	wg.Wait()
	b.want(1000)
}

// A client that hangs up while it waits makes room, and is not let in later.
func TestAdmission_clientHangsUpWhileItWaits(t *testing.T) {
	for name, http2 := range protocols {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			verdicts := make(chan server.Entry, 10)
			started, release := make(chan struct{}, 10), make(chan struct{})
			admit := server.Admission(server.AdmitConcurrency(1), server.WithWaitingRoom(2, time.Minute),
				server.WithAdmissionObserver(server.AdmissionObserver{Decided: func(_ context.Context, e server.Entry) { verdicts <- e }}))
			url, client := listen(t, admit(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				started <- struct{}{}
				<-release
			})), http2)
			var wg sync.WaitGroup
			wg.Go(func() { persist(t, client, http.MethodGet, url, nil) })
			<-started
			<-verdicts // of the first
			ctx, cancel := context.WithCancel(t.Context())
			wg.Go(func() {
				r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
				if err != nil {
					t.Error(err)
					return
				}
				if resp, err := client.Do(r); err == nil {
					t.Errorf("status %d, want that it was cancelled", resp.StatusCode)
					resp.Body.Close()
				}
			})
			for waits := false; !waits; { // until somebody else waits, too
				r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
				probe, stop := context.WithTimeout(r.Context(), time.Millisecond)
				admit(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), r.WithContext(probe))
				stop()
				waits = (<-verdicts).Waiting == 1
			}
			cancel()
			if e := <-verdicts; e.Verdict != server.Left || e.Waited <= 0 {
				t.Errorf("entry %+v, want that it left", e)
			}
			close(release)
			wg.Wait()
			if n := len(started); n != 0 {
				t.Errorf("%d more requests reached the handler", n)
			}
		})
	}
}

// The handler has the server's own ResponseWriter.
func TestAdmission_flushAndHijack(t *testing.T) {
	admit := server.Admission(server.AdmitConcurrency(1), noRoom)
	flushed := make(chan struct{})
	mux := http.NewServeMux()
	mux.Handle("/stream", admit(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "one")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		<-flushed
		fmt.Fprintln(w, "two")
	})))
	mux.Handle("/hijack", admit(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, buf, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = buf.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nraw")
		_ = buf.Flush()
	})))
	url, client := listen(t, mux, false)
	get := func(path string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	resp := get("/stream")
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	if !lines.Scan() || lines.Text() != "one" {
		t.Errorf("read %q, want the line that was flushed", lines.Text())
	}
	close(flushed)
	if !lines.Scan() || lines.Text() != "two" {
		t.Errorf("read %q, want the second line", lines.Text())
	}
	// The body may end a moment before the place is free.
	if status := persist(t, client, http.MethodGet, url+"/hijack", nil); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	if status := persist(t, client, http.MethodGet, url+"/hijack", nil); status != http.StatusOK {
		t.Errorf("status %d: the place of a hijacked connection is free when its handler returns", status)
	}
}

// A refused request has not claimed its key: each order is placed once, by the attempt
// that was admitted.
func TestAdmission_outsideOfIdempotency(t *testing.T) {
	var orders atomic.Int64
	once := server.New(idem.NewMemory(), server.WithSharedScope())
	admit := server.Admission(server.AdmitConcurrency(2), noRoom)
	url, client := listen(t, admit(once(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		orders.Add(1)
		time.Sleep(5 * time.Millisecond) // work
		w.WriteHeader(http.StatusCreated)
		_, _ = io.Copy(w, strings.NewReader(r.Header.Get(idem.Header)))
	}))), false)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			header := http.Header{idem.Header: {fmt.Sprintf(`"order-%d"`, i)}}
			for range 2 {
				if status := persist(t, client, http.MethodPost, url, header); status != http.StatusCreated {
					t.Errorf("status %d, want 201", status)
				}
			}
		})
	}
	wg.Wait()
	if n := orders.Load(); n != 50 {
		t.Errorf("%d orders, want 50", n)
	}
}
