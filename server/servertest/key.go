package servertest

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

var keyRules = []rule{
	{name: "Key/MissingIs400WhereItIsRequired", check: func(e *env) {
		s := e.serve(created, server.WithRequired())
		s.expectProblem(s.post(""), http.StatusBadRequest, idem.KeyMissing)
		s.expectRuns(0)
	}},
	{name: "Key/MissingPassesUnguarded", check: func(e *env) {
		s := e.serve(created)
		s.expectCreated(s.post(""))
		s.expectCreated(s.post(""))
		s.expectRuns(2)
		s.expectOutcomes(server.Ignored, server.Ignored)
	}},
	{name: "Key/BadIs400AndNotNone", check: func(e *env) {
		s := e.serve(created)
		for _, values := range [][]string{
			{""}, {" "}, {`""`}, {`" "`}, // there, but empty
			{"a", "b"}, {"a", "a"}, {"a, b"}, {`"a", "b"`}, // two are not one
			{`"abc`}, {`abc"`}, {"schl\u00fcssel"}, {"\xff"}, {"tab\there"},
			{strings.Repeat("k", idem.MaxKeyLen+1)},
		} {
			r := s.post("", func(r *http.Request) { r.Header[idem.Header] = values })
			s.expectProblem(r, http.StatusBadRequest, idem.KeyInvalid)
			if e.Failed() {
				e.Fatalf("with %q", values)
			}
		}
		s.expectRuns(0)
	}},
	{name: "Key/QuotedAndBareAreOne", check: func(e *env) {
		s := e.serve(created)
		s.expectCreated(s.post(`"order-17"`))
		s.expectReplay(s.post(`order-17`))
		s.expectRuns(1)
	}},
	{name: "Key/AnyPrintableOneIsItsOwn", check: func(e *env) {
		// What looks like a pattern, a path, a slot or a command in some store.
		keys := []string{
			"k", "K", "{k}", "{}", "*", "?", "[a-z]", "%", "_", "../k", "/", ":", "k:", "k%00",
			"'; DROP TABLE orders; --", `\`, "$1", "k k", "~", strings.Repeat("k", idem.MaxKeyLen),
			strings.Repeat("k", idem.MaxKeyLen-1) + "l",
		}
		s := e.serve(func(w http.ResponseWriter, r *http.Request) {
			a, _ := idem.FromContext(r.Context())
			_, _ = w.Write([]byte(a.Key))
		})
		for range 2 {
			for _, key := range keys {
				value, err := idem.FormatHeader(key)
				e.ok("FormatHeader", err)
				s.expect(s.post(value), http.StatusOK, key)
			}
		}
		s.expectRuns(int32(len(keys)))
	}},
	{name: "Key/TwoForEqualOrdersAreTwoOrders", check: func(e *env) {
		// Neither the content nor the time says whether two orders are meant.
		s := e.serve(created)
		for i := range 5 {
			s.expectCreated(s.post("k" + strconv.Itoa(i)))
		}
		s.expectRuns(5)
	}},
}
