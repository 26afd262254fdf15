package sim

import (
	"math/rand/v2"
	"time"
)

// Reply is what the server answers.
type Reply struct {
	OK   bool
	Hint time.Duration // how long it asks to wait, 0 for no word about it
	Seat uint64        // what to come back with, 0 for none
}

// Clock is what a server lives by: virtual time, or the real one.
type Clock interface {
	Now() time.Duration               // since the start
	After(d time.Duration, do func()) // runs do in a while, when nothing else of the server runs
}

// Server is the model's server. It is not safe for concurrent use: its clock must see to it.
type Server struct {
	clock   Clock
	rng     *rand.Rand
	down    func(now time.Duration) bool
	workers int           // as many as may work
	busy    int           // as many as do
	room    int           // how many may wait
	waiting []func(Reply) // they do
	cost    time.Duration // of a refusal
	owed    time.Duration // work for refusals that is not done yet
	seats   *seats        // nil unless it books seats for those whom it refuses
}

// NewServer makes the server of a case.
func NewServer(clock Clock, c Case, rng *rand.Rand) *Server {
	return &Server{
		clock:   clock,
		rng:     rng,
		down:    c.Down,
		workers: workers(c.Back()),
		room:    workers(c.Back()),
		cost:    time.Duration(max(c.RejectCost, 0) * float64(service)),
	}
}

// Down is whether the server is away.
func (c Case) Down(now time.Duration) bool {
	return now < c.Outage || now >= c.SecondAt && now < c.SecondAt+c.SecondFor
}

// Take is a call that arrives, with the seat that it was given, if any. Its reply leaves
// the server when answer is called.
func (s *Server) Take(seat uint64, answer func(Reply)) {
	switch {
	case s.down(s.clock.Now()):
		answer(Reply{})
	case s.seats != nil && !s.seats.admit(seat, s.clock.Now()) && s.busy == s.workers:
		s.refuse(answer)
	case s.busy < s.workers:
		s.busy++
		s.work(answer)
	case len(s.waiting) < s.room:
		s.waiting = append(s.waiting, answer)
	default:
		s.refuse(answer)
	}
}

func (s *Server) refuse(answer func(Reply)) {
	r := Reply{}
	if s.seats != nil {
		r.Hint, r.Seat = s.seats.book(s.clock.Now())
	}
	answer(r)
	s.Owe()
}

// Owe is the cost of a refusal: work that workers do before calls that wait.
func (s *Server) Owe() {
	s.owed = min(s.owed+s.cost, maxOwed*time.Duration(s.workers))
	for s.owed > 0 && s.busy < s.workers {
		s.busy++
		s.free()
	}
}

// work is a call in the hands of a worker.
func (s *Server) work(answer func(Reply)) {
	spread := 1 - serviceSpread + 2*serviceSpread*s.rng.Float64()
	s.clock.After(time.Duration(float64(service)*spread), func() {
		answer(Reply{OK: true})
		s.free()
	})
}

// free is what a worker does who has nothing in hand: first what refusals owe, then the
// call that waits longest.
func (s *Server) free() {
	switch {
	case s.owed > 0:
		part := min(s.owed, s.cost)
		s.owed -= part
		s.clock.After(part, s.free)
	case len(s.waiting) > 0:
		answer := s.waiting[0]
		s.waiting = s.waiting[1:]
		s.work(answer)
	default:
		s.busy--
	}
}
