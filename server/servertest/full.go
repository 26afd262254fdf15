package servertest

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

var fullRules = []rule{
	{name: "Full/NewKeysAreRefusedAndOldOnesAreKept", check: func(e *env) {
		const smallest = 64 // bytes, of any record
		s := e.serve(created)
		placed := 0
		for ; ; placed++ {
			if placed > maxBytes/smallest {
				e.Fatalf("more than %d orders in %d bytes", placed, maxBytes)
			}
			r := s.post("k" + strconv.Itoa(placed))
			if r.says(idem.StoreUnavailable) {
				s.expectProblem(r, http.StatusServiceUnavailable, idem.StoreUnavailable)
				break
			}
			s.expectCreated(r)
		}
		if a := s.lastAnswer(); !errors.Is(a.Err, idem.ErrFull) {
			e.Errorf("the observer was told %v, want ErrFull", a.Err)
		}
		for i := range placed {
			// One for which there was room, but not for its response, is done all the same.
			if r := s.post("k" + strconv.Itoa(i)); !r.says(idem.ResponseNotStored) {
				s.expectReplay(r)
			}
		}
		s.expectRuns(int32(placed))
	}},
	{name: "Full/LargeResponseIsDoneWithoutIt", check: func(e *env) {
		large := string(make([]byte, 2*maxBytes))
		s := e.serve(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(large)) })
		s.expect(s.post("k"), http.StatusOK, large)
		if a := s.lastAnswer(); !errors.Is(a.Err, idem.ErrFull) || a.Outcome != server.Executed {
			e.Errorf("the observer was told %+v, want ErrFull", a)
		}
		s.expectNotStored(s.post("k"))
		s.expectRuns(1)
	}},
}
