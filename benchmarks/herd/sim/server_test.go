package sim

import (
	"math/rand/v2"
	"testing"
	"time"
)

// up is a case without an outage.
func up(c Case) Case {
	c = c.Defaults()
	c.Outage = 0
	return c
}

func newTestServer(c Case) (*Loop, *Server) {
	l := new(Loop)
	return l, NewServer(l, c, rand.New(rand.NewPCG(1, 1)))
}

// arrivals are calls that arrive at once, and counts what became of them.
func arrivals(l *Loop, s *Server, at time.Duration, n int) (ok, refused *int) {
	ok, refused = new(int), new(int)
	l.At(at, func() {
		for range n {
			s.Take(0, func(r Reply) {
				if r.OK {
					*ok++
				} else {
					*refused++
				}
			})
		}
	})
	return ok, refused
}

// 10 workers and as many who wait; the others are refused at once.
func TestServerHasRoomForTwenty(t *testing.T) {
	t.Parallel()
	l, s := newTestServer(up(Case{RejectCost: None}))
	ok, refused := arrivals(l, s, 0, 50)
	l.Run(0)
	if *ok != 0 || *refused != 30 {
		t.Errorf("at once: %d served, %d refused; want 0, 30", *ok, *refused)
	}
	l.Run(time.Minute)
	if *ok != 20 || *refused != 30 {
		t.Errorf("%d served, %d refused; want 20, 30", *ok, *refused)
	}
	if least, most := 160*time.Millisecond, 240*time.Millisecond; l.Now() < least || l.Now() > most {
		t.Errorf("two calls after each other took %v, want between %v and %v", l.Now(), least, most)
	}
}

func TestServerAwayRefusesForFree(t *testing.T) {
	t.Parallel()
	l, s := newTestServer(Case{}.Defaults())
	ok, refused := arrivals(l, s, time.Second, 50)
	l.Run(time.Second)
	if *ok != 0 || *refused != 50 || s.owed != 0 || s.busy != 0 {
		t.Errorf("%d served, %d refused, owes %v, %d busy; want 0, 50, 0, 0", *ok, *refused, s.owed, s.busy)
	}
}

// 30 refusals at a fifth of a call's work each are 600 ms of work. 10 workers who would be
// done with 20 calls in about 200 ms need about 260 ms with it.
func TestRefusalsCostWork(t *testing.T) {
	t.Parallel()
	l, s := newTestServer(up(Case{}))
	ok, _ := arrivals(l, s, 0, 50)
	l.Run(0)
	if want := 600 * time.Millisecond; s.owed != want {
		t.Errorf("owes %v, want %v", s.owed, want)
	}
	l.Run(time.Minute)
	if *ok != 20 || s.owed != 0 || s.busy != 0 {
		t.Errorf("%d served, owes %v, %d busy; want 20, 0, 0", *ok, s.owed, s.busy)
	}
	if least, most := 220*time.Millisecond, 300*time.Millisecond; l.Now() < least || l.Now() > most {
		t.Errorf("took %v, want between %v and %v", l.Now(), least, most)
	}
}

// What is owed is never more than a second of the whole server, or a flood would count for
// longer than anybody waits.
func TestOwedIsBounded(t *testing.T) {
	t.Parallel()
	l, s := newTestServer(up(Case{}))
	arrivals(l, s, 0, 100_000)
	l.Run(0)
	if want := 10 * time.Second; s.owed != want {
		t.Errorf("owes %v, want %v", s.owed, want)
	}
}

func TestSeats(t *testing.T) {
	t.Parallel()
	q := newSeats(100)
	const now = time.Second
	wait1, seat1 := q.book(now)
	wait2, seat2 := q.book(now)
	if wait1 != 10*time.Millisecond || wait2 != 20*time.Millisecond {
		t.Errorf("waits %v and %v, want 10ms and 20ms", wait1, wait2)
	}
	for _, tt := range []struct {
		name string
		seat uint64
		at   time.Duration
		want bool
	}{
		{"nobody jumps the queue", 0, now, false},
		{"on time", seat1, now + wait1 + 50*time.Millisecond, true},
		{"only once", seat1, now + wait1 - 5*time.Millisecond, false},
		{"too late, while others wait", seat2, now + wait2 - seatGrace - time.Millisecond, false},
		{"nobody waits any longer", 0, now + time.Second, true},
	} {
		if got := q.admit(tt.seat, tt.at); got != tt.want {
			t.Errorf("%s: admitted %v, want %v", tt.name, got, tt.want)
		}
	}
}
