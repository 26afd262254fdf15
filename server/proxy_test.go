package server_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// lazyGzip is middleware of the usual kind: it decides, and sets its fields, when the
// handler below writes its status.
func lazyGzip(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g := &gzipWriter{ResponseWriter: w}
		next.ServeHTTP(g, r)
		if g.zip != nil {
			_ = g.zip.Close()
		}
	})
}

type gzipWriter struct {
	http.ResponseWriter
	zip *gzip.Writer
}

func (g *gzipWriter) WriteHeader(status int) {
	g.Header().Set("Content-Encoding", "gzip")
	g.Header().Set("X-Nonce", time.Now().String())
	g.Header().Del("Content-Length")
	g.zip = gzip.NewWriter(g.ResponseWriter)
	g.ResponseWriter.WriteHeader(status)
}

func (g *gzipWriter) Write(p []byte) (int, error) {
	if g.zip == nil {
		g.WriteHeader(http.StatusOK)
	}
	return g.zip.Write(p)
}

// What middleware outside does to the response is done to the replay too, and is not in
// the record.
func TestCompressionOutside(t *testing.T) {
	t.Parallel()
	want := strings.Repeat("text ", 1000)
	once := server.New(idem.NewMemory(), server.WithSharedScope())
	ts := httptest.NewServer(lazyGzip(once(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, want)
	}))))
	defer ts.Close()
	nonces := map[string]bool{}
	for visit := range 2 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, ts.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(idem.Header, "k")
		resp, err := ts.Client().Do(req) // which decompresses
		if err != nil {
			t.Fatal(err)
		}
		r := read(resp)
		if r.err != nil || r.body != want || r.replayed() != (visit == 1) || len(r.header["X-Nonce"]) != 1 {
			t.Errorf("visit %d: %d bytes, %v, replayed %v, nonces %q", visit, len(r.body), r.err, r.replayed(), r.header["X-Nonce"])
		}
		nonces[r.header.Get("X-Nonce")] = true
	}
	if len(nonces) != 2 {
		t.Error("the field of the first response was given to the second caller")
	}
}

// A client that leaves in the middle of a stream has seen half of it; the next one must not
// be given half as the whole.
func TestClientHangsUpInAStream(t *testing.T) {
	t.Parallel()
	for name, stops := range map[string]bool{"the handler stops": true, "the handler goes on": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			done := make(chan struct{})
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				defer close(done)
				_, _ = io.WriteString(w, "first ")
				w.(http.Flusher).Flush()
				<-r.Context().Done()
				for range 10 {
					if _, err := io.WriteString(w, "more "); err != nil || stops {
						return
					}
					w.(http.Flusher).Flush()
				}
			})
			ctx, hangUp := context.WithCancel(t.Context())
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/orders", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set(idem.Header, "k")
			resp, err := s.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.ReadFull(resp.Body, make([]byte, 6))
			hangUp()
			_ = resp.Body.Close()
			<-done
			var again reply
			for range 1000 { // until the claim has ended
				again = s.send(http.MethodPost, "/orders", "k", "", func(r *http.Request) { r.Header.Del("Content-Type") })
				if again.header.Get(idem.StatusHeader) != string(idem.InProgress) {
					break
				}
			}
			s.expectProblem(again, http.StatusConflict, idem.ResponseNotStored)
			s.expectRuns(1)
		})
	}
}

// A proxy whose upload breaks off, or whose client leaves, answers 502 by itself: that is
// not the outcome of the operation.
func TestProxyThatWasDisturbed(t *testing.T) {
	t.Parallel()
	backend := httptest.NewServer(http.HandlerFunc(created))
	defer backend.Close()
	target, err := url.Parse(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorLog = quiet
	proxy.Transport = &http.Transport{DisableKeepAlives: true}
	s := serve(t, proxy.ServeHTTP)
	s.cutOff("k", `{"item":`, 15)
	s.expectProblem(s.post("k"), http.StatusConflict, idem.OutcomeUnknown)
	s.expect(s.post("other"), http.StatusCreated, `{"id":17}`)
	if !s.post("other").replayed() {
		t.Error("not replayed")
	}
}

// Whatever panics after the handler has returned, its claim is not kept alive for ever.
func TestPanicAfterTheHandler(t *testing.T) {
	t.Parallel()
	s := serve(t, created, server.WithNothingHappened(func(int) bool { panic("boom") }))
	s.post("k")
	s.expectProblem(s.post("k"), http.StatusConflict, idem.OutcomeUnknown)
	s.expectRuns(1)
}

func TestClientThatIsGoneBeforeTheClaim(t *testing.T) {
	t.Parallel()
	var seen server.Answer
	once := server.New(idem.NewMemory(), server.WithSharedScope(), server.WithFailOpen(), server.WithObserver(server.Observer{
		Answered: func(_ context.Context, a server.Answer) { seen = a },
	}))(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler ran") }))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", nil)
	r.Header.Set(idem.Header, "k")
	w := httptest.NewRecorder()
	once.ServeHTTP(w, r)
	if seen.Outcome != server.Gone || !errors.Is(seen.Err, context.Canceled) || w.Code != http.StatusServiceUnavailable {
		t.Errorf("answer %+v, response %d", seen, w.Code)
	}
}

// The time of the request is over while it waits for the first: the store is well, and the
// answer says what it said.
func TestDeadlineWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := idem.NewMemory()
		id := idem.NewID("", idem.SharedScope, "POST", "/", "k")
		if _, err := store.Claim(t.Context(), idem.ClaimRequest{ID: id, Owner: idem.NewOwner(), Lease: time.Minute, TTL: time.Minute}); err != nil {
			t.Fatal(err)
		}
		once := server.New(store, server.WithSharedScope(), server.WithGuard(idem.WithWait(time.Minute)))(http.HandlerFunc(created))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", nil)
		r.Header.Set(idem.Header, "k")
		w := httptest.NewRecorder()
		once.ServeHTTP(w, r)
		if w.Header().Get(idem.StatusHeader) != string(idem.InProgress) {
			t.Errorf("response %d %v, want in-progress", w.Code, w.Header())
		}
	})
}

func TestFieldNamesInAnyCase(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["set-cookie"] = []string{"session=secret"}
		w.Header()["x-mine"] = []string{"once"}
	}, server.WithoutHeaders("X-Mine"))
	s.post("k")
	again := s.post("k")
	if !again.replayed() || again.header.Get("Set-Cookie") != "" || again.header.Get("X-Mine") != "" {
		t.Errorf("replayed %v", again.header)
	}
}

func TestEmptyWriteIsNoBody(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
		if n, err := w.Write(nil); n != 0 || err != nil {
			t.Errorf("Write(nil) = %d, %v", n, err)
		}
	})
	s.expect(s.post("k"), http.StatusNoContent, "")
}
