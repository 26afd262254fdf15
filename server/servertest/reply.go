package servertest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// reply is a response that was read to its end.
type reply struct {
	status int
	header http.Header
	body   string
	err    error // of getting it
}

func read(resp *http.Response) reply {
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(body), err}
}

func (r reply) String() string {
	if r.err != nil {
		return fmt.Sprintf("%d and %v", r.status, r.err)
	}
	body := r.body
	if len(body) > 200 {
		body = body[:200] + "..."
	}
	return fmt.Sprintf("%d %q", r.status, body)
}

func (r reply) replayed() bool { return r.header.Get(idem.ReplayedHeader) == "true" }

func (r reply) says(want idem.Status) bool { return r.header.Get(idem.StatusHeader) == string(want) }

// created answers as services do.
func created(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // what matters of it is in the fingerprint
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Location", "/orders/17")
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, `{"id":17}`)
}

// attempted answers as created does, and tells which attempt of the operation it is.
func attempted(w http.ResponseWriter, r *http.Request) {
	a, _ := idem.FromContext(r.Context())
	w.Header().Set("Attempt", strconv.Itoa(int(a.Number)))
	created(w, r)
}

// expect checks a response.
func (s *service) expect(r reply, status int, body string) {
	s.Helper()
	if r.err != nil || r.status != status || r.body != body {
		s.Errorf("response %v, want %v", r, reply{status: status, body: body})
	}
}

// expectCreated checks that the order was placed now.
func (s *service) expectCreated(r reply) {
	s.Helper()
	s.expect(r, http.StatusCreated, `{"id":17}`)
	if r.replayed() {
		s.Error("the response is marked as replayed, want it to be the first")
	}
}

// expectReplay checks that the order was placed before.
func (s *service) expectReplay(r reply) {
	s.Helper()
	s.expect(r, http.StatusCreated, `{"id":17}`)
	if !r.replayed() {
		s.Error("the response is not marked as replayed")
	}
}

// expectAttempt checks in which attempt the order was placed.
func (s *service) expectAttempt(r reply, want int) {
	s.Helper()
	s.expect(r, http.StatusCreated, `{"id":17}`)
	if got := r.header.Get("Attempt"); got != strconv.Itoa(want) {
		s.Errorf("attempt %q, want %d", got, want)
	}
}

// expectProblem checks that the middleware refused.
func (s *service) expectProblem(r reply, status int, want idem.Status) {
	s.Helper()
	if r.err != nil || r.status != status || !r.says(want) {
		s.Errorf("response %v saying %q, want %d saying %q", r, r.header.Get(idem.StatusHeader), status, want)
		return
	}
	var p struct {
		Type, Title, Detail string
		Status              int
	}
	if err := json.Unmarshal([]byte(r.body), &p); err != nil {
		s.Errorf("problem %q: %v", r.body, err)
	}
	kind, ok := strings.CutPrefix(p.Type, server.ProblemType)
	if !ok || kind != string(want) || p.Title == "" || p.Detail == "" || p.Status != status {
		s.Errorf("problem %+v in a response of %d", p, status)
	}
	if got := r.header.Get("Content-Type"); got != "application/problem+json" {
		s.Errorf("a problem of type %q", got)
	}
}

// expectNotStored checks that the operation is known to be done, and that this is all.
func (s *service) expectNotStored(r reply) {
	s.Helper()
	s.expectProblem(r, http.StatusConflict, idem.ResponseNotStored)
}
