package server

import (
	"bufio"
	"crypto/rand"
	"io"
	"time"
)

// maxSeats bounds the memory for seats, whatever callers do. Slots are given to more than
// that, but without a ticket.
const maxSeats = 1 << 16

// seat is kept for the holder of its ticket.
type seat struct {
	ticket ticket
	at     time.Duration
	far    bool // the line was longer: its holder asks again then, and keeps its ticket
	taken  bool // its holder is here, waiting for a place
	gone   bool // claimed
}

// seats are those that are kept. A ticket is a random number and not a signed one: who
// has come for a seat must be remembered anyway, so that a ticket admits once.
type seats struct {
	grace  time.Duration
	random io.Reader
	kept   map[ticket]*seat
	given  []*seat // in order, to find those whose time is over
	share  float64 // of the seats, lately, that were of use
}

// What one seat tells about the share of seats that are of use, and the least that is
// believed.
const (
	shareOfOne = 1.0 / 64
	leastShare = 1.0 / 16
)

// learn counts a seat. It was of use when its holder came, and also when its holder did
// not and others took what was kept: then there is a line, and the callers in it are just
// not those who understand tickets. It was of no use when there is no line any more.
func (s *seats) learn(used bool) {
	target := leastShare
	if used {
		target = 1
	}
	s.share += (target - s.share) * shareOfOne
}

func newSeats(grace time.Duration) *seats {
	return &seats{grace: grace, random: bufio.NewReader(rand.Reader), kept: make(map[ticket]*seat), share: 1}
}

// issue keeps a seat, or returns one without a ticket when there are too many: half of them
// are for those who have a slot.
func (s *seats) issue(at time.Duration, far bool) *seat {
	seat := &seat{at: at, far: far}
	if n := len(s.given); n >= maxSeats || far && n >= maxSeats/2 {
		return seat
	}
	_, _ = io.ReadFull(s.random, seat.ticket[:]) // never fails
	s.kept[seat.ticket] = seat
	s.given = append(s.given, seat)
	return seat
}

// find returns the seat of a ticket, or nil when the ticket is worth nothing: it is not
// of this line, or has been used or is being used, or comes too late.
func (s *seats) find(t ticket, now time.Duration) *seat {
	if t == (ticket{}) {
		return nil
	}
	seat := s.kept[t]
	if seat == nil || seat.taken || s.over(seat, now) {
		return nil
	}
	return seat
}

func (s *seats) over(seat *seat, now time.Duration) bool { return now > seat.at+s.grace }

// claim ends a seat: its holder goes in.
func (s *seats) claim(seat *seat) {
	seat.gone = true
	delete(s.kept, seat.ticket)
	s.learn(true)
}

// expire forgets the seats that nobody has come for. Those behind a seat that was moved
// to a later time wait for it, which costs memory only, and a bounded one.
func (s *seats) expire(now time.Duration, line bool) {
	for len(s.given) > 0 {
		seat := s.given[0]
		if !seat.gone && (seat.taken || !s.over(seat, now)) {
			return
		}
		if !seat.gone {
			s.learn(line)
			delete(s.kept, seat.ticket)
		}
		s.given[0] = nil
		s.given = s.given[1:]
	}
	s.given = nil // and its array
}
