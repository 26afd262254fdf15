package servertest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"

	"github.com/goaroundhq/goaround/idem"
)

var uploadRules = []rule{
	{name: "Upload/BrokenOffAndRefusedIsFree", check: func(e *env) {
		s := e.serve(orRefuse(http.StatusBadRequest))
		s.cutOff()
		s.expectCreated(s.settled("k"))
		s.expectReplay(s.post("k"))
		s.expectRuns(2)
	}},
	{name: "Upload/BrokenOffAndAcceptedIsDone", check: func(e *env) {
		s := e.serve(orRefuse(http.StatusAccepted))
		s.cutOff()
		// The handler said that it took the order, from what it had read of it.
		r := s.settled("k")
		s.expect(r, http.StatusAccepted, "")
		if !r.replayed() {
			e.Error("the response is not marked as replayed")
		}
		s.expectRuns(1)
	}},
	{name: "Upload/BrokenOffAnd5xxIsUnknown", check: func(e *env) {
		// As a proxy answers by itself whose upload breaks off.
		s := e.serve(orRefuse(http.StatusBadGateway))
		s.cutOff()
		s.untilUnknown("k")
		s.expectRuns(1)
	}},
	{name: "Upload/BrokenOffRepetitionIs400", check: func(e *env) {
		s := e.serve(created)
		s.expectCreated(s.post("k"))
		s.expectProblem(s.cutOff(), http.StatusBadRequest, idem.BodyUnreadable)
		s.expectReplay(s.post("k"))
		s.expectRuns(1)
	}},
	{name: "Upload/TooLargeForTheHandlerIsReplayed", check: func(e *env) {
		s := e.serve(func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4)); err != nil {
				http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			}
		})
		for range 2 {
			s.expect(s.post("k"), http.StatusRequestEntityTooLarge, "too large\n")
		}
		s.expectRuns(1)
	}},
	{name: "Upload/TooLargeForMiddlewareOutsideIsFree", check: func(e *env) {
		limited := func(next http.Handler) http.Handler { return http.MaxBytesHandler(next, 4) }
		s := e.serveBehind(limited, orRefuse(http.StatusRequestEntityTooLarge))
		s.expect(s.post("k"), http.StatusRequestEntityTooLarge, "")
		raised := e.serve(created)
		raised.expectCreated(raised.post("k"))
	}},
	{name: "Upload/TooLargeForMiddlewareOutsideAnd5xxIsUnknown", check: func(e *env) {
		// The client is there, and the body is not: the 5xx is that of a handler disturbed.
		limited := func(next http.Handler) http.Handler { return http.MaxBytesHandler(next, 4) }
		s := e.serveBehind(limited, orRefuse(http.StatusBadGateway))
		s.expect(s.post("k"), http.StatusBadGateway, "")
		s.untilUnknown("k")
		s.expectRuns(1)
	}},
	{name: "Upload/ExpectContinueIsHonoured", check: func(e *env) {
		s := e.serve(created)
		expect := func(r *http.Request) { r.Header.Set("Expect", "100-continue") }
		s.expectCreated(s.post("k", expect))
		s.expectReplay(s.post("k", expect))
		// Refused by what stands in the header: the body is not asked for.
		watched := httptrace.WithClientTrace(e.Context(), &httptrace.ClientTrace{
			Got100Continue: func() { e.Error("the server wants a body whose length is wrong already") },
		})
		other := s.send(http.MethodPost, "/orders", "k", order+order, expect, within(watched))
		s.expectProblem(other, http.StatusUnprocessableEntity, idem.KeyReused)
		s.expectRuns(1)
	}},
	{name: "Upload/LargeIsComparedToItsLastByte", check: func(e *env) {
		const size = 4 << 20
		s := e.serve(created)
		start := strings.Repeat("x", size-1)
		s.expectCreated(s.send(http.MethodPost, "/orders", "k", start+"y"))
		s.expectReplay(s.send(http.MethodPost, "/orders", "k", start+"y"))
		s.expectProblem(s.send(http.MethodPost, "/orders", "k", start+"z"), http.StatusUnprocessableEntity, idem.KeyReused)
		s.expectRuns(1)
	}},
}

// orRefuse is a handler that answers with status when it cannot read the whole order.
func orRefuse(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			w.WriteHeader(status)
			return
		}
		created(w, r)
	}
}

// cutOff sends the start of an order with the key k, and then nothing.
func (s *service) cutOff() reply {
	s.Helper()
	var d net.Dialer
	conn, err := d.DialContext(s.Context(), "tcp", strings.TrimPrefix(s.server.URL, "http://"))
	s.ok("Dial", err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "POST /orders HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n"+
		"Idempotency-Key: k\r\nContent-Length: %d\r\n\r\n%s", len(order), order[:8])
	s.ok("Write", err)
	s.ok("CloseWrite", conn.(*net.TCPConn).CloseWrite())
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return reply{err: err}
	}
	return read(resp)
}
