package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/goaroundhq/goaround/server"
)

// smuggled is what a careless handler lets a client put into its header.
const smuggled = "/17\r\nSet-Cookie: evil=1\r\nEvil: 1\r\n\r\nHTTP/1.1 200 OK\r\nEvil: 2\r\n\r\n"

// careless answers with bytes of its client's, and with fields that are of one connection,
// one session or one exchange.
func careless(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Location", smuggled)
	h.Add("Link", smuggled)
	h.Add("Link", "\n Evil: 3")
	h["X-Name\r\nEvil"] = []string{"4"}
	h["Evil: 5\r\nX"] = []string{"5"}
	h["set-COOKIE"] = []string{"once=1"}
	h["Set-Cookie\x00"] = []string{"once=1"}
	h.Set("Connection", "x-hop ,X-Other, close")
	h.Set("X-Hop", "once")
	h["x-other"] = []string{"once"}
	for _, name := range []string{
		"Set-Cookie", "Set-Cookie2", "Www-Authenticate", "Proxy-Authenticate", "Authentication-Info", "Proxy-Authentication-Info",
		"Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Upgrade", "Retry-After", "Age", "Server-Timing",
	} {
		h.Set(name, "once")
	}
	h.Set(http.TrailerPrefix+"Set-Cookie", "once=1")
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, "done")
}

// lines of the head of an answer, which ends with the body. The test fails when there is
// more in it than one head.
func headOf(t *testing.T, answer, body string) []string {
	t.Helper()
	head, rest, _ := strings.Cut(answer, "\r\n\r\n")
	if rest != body {
		t.Errorf("after the head: %q, want %q", rest, body)
	}
	return strings.FieldsFunc(head, func(r rune) bool { return r == '\r' || r == '\n' })
}

func TestReplaysSmuggleNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, careless)
	for visit := range 3 {
		answer := s.raw(orderWith("Idempotency-Key: k"))
		if visit == 0 {
			if !strings.Contains(answer, "once") {
				t.Fatalf("the first caller did not get its fields:\n%s", answer)
			}
			continue
		}
		for _, line := range headOf(t, answer, "done") {
			name := strings.ToLower(line)
			if strings.HasPrefix(name, "evil") || strings.HasPrefix(name, "set-cookie") || strings.Contains(name, "once") {
				t.Errorf("replayed: %q", line)
			}
		}
		if !strings.Contains(answer, "\r\nIdempotency-Replayed: true\r\n") || !strings.Contains(answer, "\r\nLocation: /17") {
			t.Errorf("no replay:\n%s", answer)
		}
	}
	s.expectRuns(1)
}

// A problem document gives back the Location of a response that was not kept.
func TestProblemsSmuggleNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, careless, server.WithMaxBody(1))
	s.raw(orderWith("Idempotency-Key: k"))
	head, body, _ := strings.Cut(s.raw(orderWith("Idempotency-Key: k")), "\r\n\r\n")
	if !strings.Contains(head, "Idempotency-Status: response-not-stored") || !strings.Contains(head, "Location: /17") {
		t.Fatalf("not the problem:\n%s", head)
	}
	for line := range strings.SplitSeq(head+body, "\n") {
		if name := strings.ToLower(line); strings.HasPrefix(name, "evil") || strings.HasPrefix(name, "set-cookie") {
			t.Errorf("sent: %q", line)
		}
	}
}

// After a replay of whatever kind, the connection is where client and server both think it
// is: what follows is the answer to the next request.
func TestReplaysKeepTheConnectionInStep(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.HandlerFunc{
		"length": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "4")
			_, _ = io.WriteString(w, "done")
		},
		"chunks": func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, "done")
		},
		"no content": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "4")
			w.WriteHeader(204)
		},
		"not modified": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "4")
			w.WriteHeader(304)
		},
		"false length": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "-4")
			_, _ = io.WriteString(w, "done")
		},
		"false encoding": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Transfer-Encoding", "gzip")
			_, _ = io.WriteString(w, "done")
		},
		"a body of HTTP": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/next" {
					_, _ = io.WriteString(w, "next")
					return
				}
				h(w, r)
			})
			s.post("k")
			conn := s.dial()
			const body = `{"item":"book"}`
			fields := fmt.Sprintf("Host: api.test\r\nIdempotency-Key: k\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
			if _, err := io.WriteString(conn, "POST /orders HTTP/1.1\r\n"+fields+"POST /next HTTP/1.1\r\n"+fields); err != nil {
				t.Fatal(err)
			}
			answers := bufio.NewReader(conn)
			for i := range 2 {
				resp, err := http.ReadResponse(answers, &http.Request{Method: http.MethodPost})
				if err != nil {
					t.Fatal(err)
				}
				r := read(resp)
				if r.err != nil || (i == 0) != r.replayed() || (i == 1) != (r.body == "next") {
					t.Errorf("answer %d: %d %q, replayed %v, %v", i, r.status, r.body, r.replayed(), r.err)
				}
			}
		})
	}
}
