package transport_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/goaroundhq/goaround/server"
	"github.com/goaroundhq/goaround/transport"
)

// The two ends of the protocol: a server that gives slots, and callers who all come at once and
// then in their turn, with their tickets. None is refused for ever, and no budget is spent.
func TestAdmission(t *testing.T) {
	t.Parallel()
	const callers, perSecond = 40, 100
	if transport.SlotHeader != server.SlotHeader || transport.TicketHeader != server.TicketHeader {
		t.Error("client and server speak of different fields")
	}
	var requests, tickets atomic.Int32
	admit := server.Admission(server.AdmitRate(perSecond, 1), server.WithWaitingRoom(0, 0))
	h := admit(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	w := newWire(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if r.Header.Get(transport.TicketHeader) != "" {
			tickets.Add(1)
		}
		h.ServeHTTP(w, r)
	}, transport.WithBudget(retries(0)), transport.WithMaxAttempts(0), transport.WithTimeout(within))
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			if code, _, err := w.do(t, "GET", nil); code != 200 || err != nil {
				t.Errorf("%d, %v", code, err)
			}
		})
	}
	wg.Wait()
	// Two requests for each call, unless the machine is so busy that callers come too late.
	if got := requests.Load(); got > 5*callers {
		t.Errorf("%d requests for %d calls", got, callers)
	}
	if tickets.Load() == 0 {
		t.Error("no ticket came back")
	}
}
