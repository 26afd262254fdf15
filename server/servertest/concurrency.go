package servertest

import (
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

var concurrencyRules = []rule{
	{name: "Concurrency/TwoAtOnceRunOnce", check: func(e *env) { e.race(2, 20) }},
	{name: "Concurrency/ManyAtOnceRunOnce", check: func(e *env) { e.race(32, 4) }},
	{name: "Concurrency/RetriesWhileItEndsDoNotRunItAgain", check: retriesWhileItEnds},
	{name: "Concurrency/RetryWhileItRunsIsToldWhenToComeBack", check: func(e *env) {
		s, first, goOn := e.underWay()
		again := s.post("k")
		s.expectProblem(again, http.StatusConflict, idem.InProgress)
		if n, err := strconv.Atoi(again.header.Get("Retry-After")); err != nil || n < 1 || n > 2 {
			e.Errorf("Retry-After %q, want 1 or 2", again.header.Get("Retry-After"))
		}
		close(goOn)
		s.expectCreated(await(e, "the first response", first))
		s.expectReplay(s.post("k"))
		s.expectRuns(1)
	}},
	{name: "Concurrency/WaitersGetTheFirstResponse", check: waitersGetTheFirst},
	{name: "Concurrency/WaitingIsBounded", check: func(e *env) {
		s, first, goOn := e.underWay(server.WithGuard(idem.WithWait(e.unit)))
		s.expectProblem(s.post("k"), http.StatusConflict, idem.InProgress)
		close(goOn)
		s.expectCreated(await(e, "the first response", first))
	}},
	{name: "Concurrency/WaiterRunsWhatWasGivenBack", check: func(e *env) {
		started, goOn := make(chan struct{}), make(chan struct{})
		var runs atomic.Int32
		s := e.serve(func(w http.ResponseWriter, r *http.Request) {
			if runs.Add(1) == 1 {
				close(started)
				e.hold(goOn)
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			created(w, r)
		}, server.WithGuard(idem.WithWait(e.patience()/2)))
		first := s.begin("k")
		await(e, "the handler", started)
		second := s.begin("k")
		close(goOn)
		s.expect(await(e, "the first response", first), http.StatusTooManyRequests, "")
		s.expectCreated(await(e, "the second response", second))
		s.expectRuns(2)
	}},
	{name: "Concurrency/HotKeyIsReplayed", check: func(e *env) {
		const clients, each = 16, 8
		s := e.serve(created)
		s.expectCreated(s.post("k"))
		var wg sync.WaitGroup
		for range clients {
			wg.Go(func() {
				for range each {
					s.expectReplay(s.post("k"))
				}
			})
		}
		wg.Wait()
		s.expectRuns(1)
	}},
}

// race sends each order from many clients at once to two machines. The one that runs goes on
// when all others have their answer, so it has to be that it runs.
func (e *env) race(clients, rounds int) {
	var everybody atomic.Pointer[meeting]
	handler := func(w http.ResponseWriter, r *http.Request) {
		m := everybody.Load()
		m.arrive()
		e.hold(m.complete)
		created(w, r)
	}
	machines := []*service{e.serve(handler), e.serve(handler)}
	for round := range rounds {
		m := &meeting{complete: make(chan struct{})}
		m.missing.Store(int32(clients))
		everybody.Store(m)
		replies := make([]reply, clients)
		var wg sync.WaitGroup
		for i := range replies {
			wg.Go(func() {
				replies[i] = machines[i%len(machines)].post("k" + strconv.Itoa(round))
				m.arrive()
			})
		}
		wg.Wait()
		ran := 0
		for _, r := range replies {
			if r.says(idem.InProgress) {
				continue
			}
			ran++
			machines[0].expectCreated(r)
		}
		if ran != 1 {
			e.Errorf("%d of %d requests with one key were executed, want one", ran, clients)
		}
	}
}

// meeting is complete when as many as were expected have arrived.
type meeting struct {
	missing  atomic.Int32
	complete chan struct{}
}

func (m *meeting) arrive() {
	if m.missing.Add(-1) == 0 {
		close(m.complete)
	}
}

// A store that looks and then claims is wrong in the moment in which the first request ends.
func retriesWhileItEnds(e *env) {
	const clients, rounds = 8, 10
	machines := []*service{e.serve(created), e.serve(created)}
	for round := range rounds {
		var wg sync.WaitGroup
		for i := range clients {
			s := machines[i%len(machines)]
			wg.Go(func() {
				r := reply{}
				for end := time.Now().Add(e.patience()); time.Now().Before(end); {
					if r = s.post("k" + strconv.Itoa(round)); !r.says(idem.InProgress) {
						break
					}
				}
				s.expect(r, http.StatusCreated, `{"id":17}`)
			})
		}
		wg.Wait()
	}
	if runs := machines[0].runs.Load() + machines[1].runs.Load(); runs != rounds {
		e.Errorf("%d runs of %d orders", runs, rounds)
	}
}

func waitersGetTheFirst(e *env) {
	const waiters = 10
	started, goOn := make(chan struct{}), make(chan struct{})
	handler := func(w http.ResponseWriter, r *http.Request) {
		close(started)
		e.hold(goOn)
		created(w, r)
	}
	wait := server.WithGuard(idem.WithWait(e.patience() / 2))
	machines := []*service{e.serve(handler, wait), e.serve(handler, wait)}
	first := machines[0].begin("k")
	await(e, "the handler", started)
	var replies []<-chan reply
	for i := range waiters {
		replies = append(replies, machines[i%2].begin("k"))
	}
	close(goOn)
	machines[0].expectCreated(await(e, "the first response", first))
	for _, r := range replies {
		machines[0].expectReplay(await(e, "the response of one that waits", r))
	}
}
