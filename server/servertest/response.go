package servertest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"time"

	"github.com/goaroundhq/goaround/server"
)

var responseRules = []rule{
	{name: "Response/IsStoredBeforeAnyOfItIsSent", check: storedFirst},
	{name: "Response/OversizeIsSentAndNotRerun", check: func(e *env) {
		const limit = 1 << 10
		want := strings.Repeat("x", limit+1)
		for how, write := range map[string]func(http.ResponseWriter){
			"in one": func(w http.ResponseWriter) { _, _ = io.WriteString(w, want) },
			"in parts": func(w http.ResponseWriter) {
				_, _ = io.WriteString(w, want[:limit])
				_, _ = io.WriteString(w, want[limit:])
			},
			"copied":    func(w http.ResponseWriter) { _, _ = io.Copy(w, onlyReader{strings.NewReader(want)}) },
			"as a file": func(w http.ResponseWriter) { _, _ = io.Copy(w, bytes.NewReader([]byte(want))) },
		} {
			s := e.serve(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "/orders/17")
				w.WriteHeader(http.StatusCreated)
				write(w)
			}, server.WithMaxBody(limit))
			s.expect(s.post(how), http.StatusCreated, want)
			again := s.post(how)
			s.expectNotStored(again)
			if !strings.Contains(again.body, `"originalStatus":201`) || again.header.Get("Location") != "/orders/17" {
				e.Errorf("%s: the answer does not say what it was: %v %v", how, again, again.header)
			}
			s.expectRuns(1)
		}
	}},
	{name: "Response/AtTheLimitIsReplayed", check: func(e *env) {
		want := strings.Repeat("x", 1<<10)
		s := e.serve(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, want) }, server.WithMaxBody(1<<10))
		s.expect(s.post("k"), http.StatusOK, want)
		s.expect(s.post("k"), http.StatusOK, want)
		s.expectRuns(1)
	}},
	{name: "Response/OversizeHeaderIsNotRerun", check: func(e *env) {
		s := e.serve(func(w http.ResponseWriter, _ *http.Request) {
			for i := range 20 {
				w.Header().Set("Large-"+strconv.Itoa(i), strings.Repeat("x", 1<<10))
			}
			_, _ = io.WriteString(w, "text")
		})
		s.expect(s.post("k"), http.StatusOK, "text")
		s.expectNotStored(s.post("k"))
		s.expectRuns(1)
	}},
	{name: "Response/StreamIsSentAtOnceAndReplayed", check: stream},
	{name: "Response/OversizeStreamIsNotRerun", check: func(e *env) {
		s := e.serve(func(w http.ResponseWriter, _ *http.Request) {
			for range 3 {
				_, _ = io.WriteString(w, strings.Repeat("x", 500))
				_ = http.NewResponseController(w).Flush()
			}
		}, server.WithMaxBody(1<<10))
		s.expect(s.post("k"), http.StatusOK, strings.Repeat("x", 1500))
		s.expectNotStored(s.settled("k"))
		s.expectRuns(1)
	}},
	{name: "Response/UpgradeOfferIsGuarded", check: func(e *env) {
		// Clients offer HTTP/2 on ordinary requests: that does not switch the guard off.
		s := e.serve(created)
		offer := func(r *http.Request) {
			r.Header.Set("Connection", "Upgrade, HTTP2-Settings")
			r.Header.Set("Upgrade", "h2c")
		}
		s.expectCreated(s.post("k", offer))
		s.expectReplay(s.post("k", offer))
	}},
	{name: "Response/HalfOfWhatWasDeclaredIsNotReplayed", check: func(e *env) {
		s := e.serve(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "8")
			_, _ = io.WriteString(w, "four")
		})
		if r := s.post("k"); r.err == nil {
			e.Errorf("half a response came as %v", r)
		}
		s.expectNotStored(s.settled("k"))
		s.expectRuns(1)
	}},
}

// onlyReader hides WriterTo, so that io.Copy asks the writer.
type onlyReader struct{ io.Reader }

// No client sees a success that could still be forgotten, not even the status of it.
func storedFirst(e *env) {
	s, wire := e.machine(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 64<<10)) })
	storing, goOn := make(chan struct{}), make(chan struct{})
	wire.refuse(func(_ context.Context, made step) error {
		if made.kind == completing {
			close(storing)
			e.hold(goOn)
		}
		return nil
	})
	sent := make(chan struct{}, 1)
	trace := httptrace.WithClientTrace(e.Context(), &httptrace.ClientTrace{GotFirstResponseByte: func() { sent <- struct{}{} }})
	response := s.begin("k", within(trace))
	await(e, "the end of the handler", storing)
	select {
	case <-sent:
		e.Error("the client has a response that is not stored")
	case <-time.After(e.unit / 2): // it may only come too early, never too late
	}
	close(goOn)
	s.expect(await(e, "the response", response), http.StatusOK, string(make([]byte, 64<<10)))
}

func stream(e *env) {
	goOn := make(chan struct{})
	s := e.serve(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, "first ")
		if err := http.NewResponseController(w).Flush(); err != nil {
			e.Errorf("Flush: %v", err)
		}
		e.hold(goOn)
		_, _ = io.WriteString(w, "second")
	})
	const order = `{"item":"book"}`
	req, err := http.NewRequestWithContext(e.Context(), http.MethodPost, s.server.URL+"/orders", strings.NewReader(order))
	e.ok("NewRequest", err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", "k")
	resp, err := s.client.Do(req)
	e.ok("the first request", err)
	defer resp.Body.Close()
	part := make([]byte, len("first "))
	if _, err := io.ReadFull(resp.Body, part); err != nil || string(part) != "first " {
		e.Errorf("read %q, %v", part, err)
	}
	close(goOn)
	s.expect(read(resp), http.StatusAccepted, "second")
	s.expect(s.settled("k"), http.StatusAccepted, "first second")
	s.expectRuns(1)
}
