package servertest

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

var replayRules = []rule{
	{name: "Replay/EveryKindOfResponseIsTheSame", check: everyKind},
	{name: "Replay/OnAnotherMachine", check: func(e *env) {
		first, second := e.serve(created), e.serve(created)
		first.expectCreated(first.post("k"))
		second.expectReplay(second.post("k"))
		second.expectRuns(0)
	}},
	{name: "Replay/IsMarkedAndTheFirstIsNot", check: func(e *env) {
		s := e.serve(created)
		first, again := s.post(`"k"`), s.post(`"k"`)
		s.expectCreated(first)
		s.expectReplay(again)
		if first.header.Get(idem.DateHeader) != "" || first.header.Get(idem.StatusHeader) != "" {
			e.Errorf("the first response is marked: %v", first.header)
		}
		for _, r := range []reply{first, again} {
			if got := r.header.Get(idem.Header); got != `"k"` {
				e.Errorf("the key came back as %q", got)
			}
		}
		if _, err := http.ParseTime(again.header.Get(idem.DateHeader)); err != nil {
			e.Errorf("the date of the first response: %v", err)
		}
		s.expectOutcomes(server.Executed, server.Replayed)
	}},
	{name: "Replay/FieldsOfOneCallerAreNotGivenToAnother", check: perResponseFields},
	{name: "Replay/FieldsFromOutsideAreNotDoubled", check: outerFields},
	{name: "Replay/RedirectIsARedirect", check: func(e *env) {
		s := e.serve(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/orders/17", http.StatusSeeOther) })
		for range 2 {
			if r := s.post("k"); r.status != http.StatusSeeOther || r.header.Get("Location") != "/orders/17" {
				e.Errorf("response %v to %q", r, r.header.Get("Location"))
			}
		}
		s.expectRuns(1)
	}},
	{name: "Replay/RedirectedPostIsAnOperationOfItsOwn", check: func(e *env) {
		s := e.serve(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/orders" {
				http.Redirect(w, r, "/v2/orders", http.StatusTemporaryRedirect)
				return
			}
			created(w, r)
		})
		s.client.CheckRedirect = nil // follow, with the method, the body and the key
		s.expectCreated(s.post("k"))
		s.expectReplay(s.post("k"))
		s.expectRuns(2)
	}},
	{name: "Replay/WritesAfterTheReturnAreNotInIt", check: func(e *env) {
		late := make(chan http.ResponseWriter, 1)
		s := e.serve(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "in time")
			late <- w
		})
		s.expect(s.post("k"), http.StatusOK, "in time")
		w := <-late
		w.Header().Set("Late", "1")
		if n, err := w.Write([]byte("late")); n != 0 || err == nil {
			e.Errorf("Write after the return = %d, %v", n, err)
		}
		r := s.post("k")
		s.expect(r, http.StatusOK, "in time")
		if r.header.Get("Late") != "" {
			e.Error("a field that was set too late was stored")
		}
	}},
	{name: "Replay/RecordThatCannotBeReadIsNotRunAgain", check: func(e *env) {
		s := e.serve(created)
		for i, record := range []string{"", "\x02\x00\xc8\x01\x00", "\x01\x80\xc8\x01\x00", "\x01\x00\xc8\x01\x05Conte"} {
			key := "k" + strconv.Itoa(i)
			claim := idem.Claim{ID: e.operation(key), Owner: idem.NewOwner(), Fence: 1, Attempt: 1}
			e.ok("Complete", e.store.Complete(e.Context(), claim, nil, []byte(record), 1000*e.unit))
			s.expectNotStored(s.post(key))
		}
		s.expectRuns(0)
	}},
}

func allBytes() string {
	b := make([]byte, 4096)
	for i := range b {
		b[i] = byte(i)
	}
	return string(b)
}

var kinds = []struct {
	name    string
	handler http.HandlerFunc
	status  int
	body    string
}{
	{"nothing", func(http.ResponseWriter, *http.Request) {}, 200, ""},
	{"text", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "text") }, 200, "text"},
	{"bytes", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, allBytes()) }, 200, allBytes()},
	{"no-content", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, 204, ""},
	{"own-status", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(799) }, 799, ""},
	{"error", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "broken", 500) }, 500, "broken\n"},
	{"many-writes", func(w http.ResponseWriter, _ *http.Request) {
		for range 1000 {
			_, _ = io.WriteString(w, "x")
		}
	}, 200, strings.Repeat("x", 1000)},
	{"copied", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.Copy(w, io.LimitReader(strings.NewReader(allBytes()), 4096))
	}, 200, allBytes()},
	{"longest", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", server.DefaultMaxBody))
	}, 200, strings.Repeat("x", server.DefaultMaxBody)},
	{"second-status", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(201)
		w.WriteHeader(500)
		w.Header().Set("Late", "1")
	}, 201, ""},
	{"many-values", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Link", "</a>")
		w.Header().Add("Link", "</b>")
		w.Header()["Empty"] = []string{""}
	}, 200, ""},
	{"declared-length", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "4")
		_, _ = io.WriteString(w, "text")
	}, 200, "text"},
	{"early-hints", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(201)
	}, 201, ""},
}

func everyKind(e *env) {
	for _, kind := range kinds {
		s := e.serve(kind.handler)
		first, again := s.post(kind.name), s.post(kind.name)
		s.expect(first, kind.status, kind.body)
		s.expect(again, kind.status, kind.body)
		s.expectRuns(1)
		for _, name := range []string{idem.ReplayedHeader, idem.DateHeader, "Date"} {
			if again.header.Get(name) == "" {
				e.Errorf("%s: no %s in the replay", kind.name, name)
			}
			first.header.Del(name)
			again.header.Del(name)
		}
		for name, values := range first.header {
			if !slices.Equal(again.header[name], values) {
				e.Errorf("%s: %s is %q, first it was %q", kind.name, name, again.header[name], values)
			}
		}
		if len(again.header) != len(first.header) {
			e.Errorf("%s: header %v, first it was %v", kind.name, again.header, first.header)
		}
	}
}

func perResponseFields(e *env) {
	once := []string{
		"Set-Cookie", "Www-Authenticate", "Retry-After", "Server-Timing", "Traceparent", "X-Request-Id",
		"Ratelimit-Remaining", "X-Ratelimit-Reset", "Mine",
	}
	s := e.serve(func(w http.ResponseWriter, _ *http.Request) {
		for _, name := range once {
			w.Header().Set(name, "once")
		}
		w.Header().Set("Kept", "kept")
	}, server.WithoutHeaders("mine"))
	first, again := s.post("k"), s.post("k")
	for _, name := range once {
		if first.header.Get(name) != "once" {
			e.Errorf("%s is missing in the first response", name)
		}
		if got := again.header.Get(name); got != "" {
			e.Errorf("%s: %q was replayed", name, got)
		}
	}
	if got := again.header.Get("Kept"); got != "kept" || !again.replayed() {
		e.Errorf("replayed %v, Kept: %q", again.replayed(), got)
	}
}

func outerFields(e *env) {
	var visits atomic.Int32
	outer := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", "*")
			w.Header().Set("Visit", strconv.Itoa(int(visits.Add(1))))
			w.Header().Set("Cache-Control", "public")
			w.Header().Add("Vary", "Origin")
			next.ServeHTTP(w, r)
		})
	}
	s := e.serveBehind(outer, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Vary", "Accept")
		w.Header().Set("Cache-Control", "no-store")
	})
	for visit := range 2 {
		r := s.post("k")
		for name, want := range map[string][]string{
			"Access-Control-Allow-Origin": {"*"},
			"Visit":                       {strconv.Itoa(visit + 1)},
			"Cache-Control":               {"no-store"},
			"Vary":                        {"Origin", "Accept"},
		} {
			if got := r.header[name]; !slices.Equal(got, want) {
				e.Errorf("visit %d: %s is %q, want %q", visit, name, got, want)
			}
		}
	}
	s.expectRuns(1)
}
