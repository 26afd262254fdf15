package book

import (
	"testing"
	"time"
)

// drain goes from wake to wake until nobody waits, for a minute at most.
func (l *local) drain(t *testing.T) {
	t.Helper()
	for end := l.k.now + 60*second; l.line.len() > 0; {
		l.turn()
		if at, ok := l.Wake(); ok {
			l.k.now = max(at, l.k.now)
		}
		if l.k.now > end {
			t.Fatalf("%d callers still wait after a minute, in %v", l.line.len(), l.k.Mode)
		}
	}
}

// The new book is clear, and its tickets begin at one.
func TestALostBookStrandsNobody(t *testing.T) {
	t.Parallel()
	for _, mode := range []Mode{Down, Paced} {
		l := newLocal()
		k := l.k
		k.open(k.rules, k.now)
		k.Mode, k.Rate, k.Head, k.Tail, k.Probe = mode, 100, 50_000, 50_000, k.now+5*second
		for c := range Caller(30) {
			l.Wait(k.now, c, refused)
		}
		for range 3 { // they get tickets
			l.turn()
			k.now, _ = l.Wake()
		}
		k.Book, k.now = Book{}, k.now+1
		l.drain(t)
	}
}

// The member holds a slot of a lost book, and the clock of the new keeper is an hour behind.
func TestAKeeperWithAnEarlierClock(t *testing.T) {
	t.Parallel()
	l := newLocal()
	start := l.k.now
	l.Wait(start, 1, refused)
	l.turn() // a slot in 50 ms
	now := start + 40*msec
	var fresh Book
	step := func() {
		for a, ok := l.Step(now); ok; a, ok = l.Step(now) {
			l.Answered(now, fresh.Step(Rules{}, now-3600*second, a))
		}
	}
	l.Wait(now, 2, refused)
	next := Caller(10)
	for range 4000 {
		step()
		for _, g := range l.Granted(now) {
			if now < start+20*second { // it is down for 20 s
				l.Wait(now, g.Caller, Feedback{Result: Rejected, Attempt: 2})
			} else if l.Ended(now, Feedback{Result: Success, Attempt: 2}); next < 1000 {
				next++
				l.Gate(now, next)
			}
		}
		step()
		at, ok := l.Wake()
		if !ok {
			break
		}
		now = max(at, now+1)
	}
	if fresh.Mode == Down || next < 1000 {
		t.Errorf("%v after %d callers, though all is served; the member counts for epoch %d, it is %d",
			fresh.Mode, next, l.done.epoch, fresh.Epoch)
	}
}

// An answer of the book that was lost comes after a push of the new one.
func TestALateAnswerOfALostBookIsVoid(t *testing.T) {
	t.Parallel()
	m := NewMember(Rules{}, 1, 1)
	m.Heard(second, Notice{Seq: 5, Mode: Paced, Epoch: 5, Rate: 10, Head: 900, Tail: 1000, Next: time.Second})
	m.Wait(second, 1, refused)
	at, _ := m.Wake()
	if a, due := m.Step(at); !due || a.New != 1 {
		t.Fatalf("got %+v %v, want an ask for a ticket", a, due)
	}
	fresh := Notice{Seq: 7, Mode: Paced, Epoch: 7, Rate: 10, Head: 1, Tail: 1, Next: time.Second}
	m.Heard(at, fresh)
	old := Answer{Notice: Notice{Seq: 6, Mode: Paced, Epoch: 5, Rate: 10, Head: 900, Tail: 1001}, Ticket: 1000, Slots: 3}
	m.Answered(at, old)
	if m.known != fresh || m.line.numbered != 0 || len(m.slots) != 0 {
		t.Errorf("%d have tickets and there are %d slots, of a book that is no more", m.line.numbered, len(m.slots))
	}
	if wake, ok := m.Wake(); !ok || wake > at+second {
		t.Errorf("the next wake is %v %v, want one soon for another ticket", wake, ok)
	}
}

func TestForget(t *testing.T) {
	t.Parallel()
	m := NewMember(Rules{}, 1, 1)
	m.Heard(second, Notice{Seq: 5, Mode: Ramp, Epoch: 50, Rate: 10, Head: 900, Tail: 1000, Next: time.Second})
	m.Wait(second+msec, 1, Feedback{Result: Rejected, Attempt: 2}) // has a ticket
	m.Step(second + gap)
	m.Heard(second+gap, Notice{Seq: 6, Mode: Ramp, Epoch: 6, Rate: 10, Head: 1, Tail: 1, Next: time.Second})
	if m.line.numbered != 0 || m.line.first.ticket != 0 {
		t.Errorf("it has ticket %v of a lost book", m.line.first.ticket)
	}
	m.Unanswered(second + gap)
	if want := (Tally{Rejected: 1}); m.done.epoch != 6 || m.done.old != want {
		t.Errorf("results of a lost book's epoch are %+v in epoch %d, want old ones in 6", m.done, m.done.epoch)
	}
}

// A member that hears nothing asks, whatever it was told last.
func TestSilenceMakesAnAskDue(t *testing.T) {
	t.Parallel()
	for _, mode := range []Mode{Clear, Ramp, Paced} {
		m := NewMember(Rules{}, 1, 1)
		m.Heard(second, Notice{Seq: 1, Mode: mode, Epoch: 1, Rate: 1, Head: 1, Tail: 1, Next: time.Second})
		m.Gate(second, 1)
		m.line.number(10_000, 1) // its turn is hours away
		m.join.set = false
		if at, ok := m.Wake(); !ok || at > 3*second {
			t.Errorf("%v: the wake is %v %v, want one soon after a notice was due", mode, at, ok)
		}
	}
}

// What was agreed in one mode does not delay anybody in another.
func TestAnotherModeEndsAppointments(t *testing.T) {
	t.Parallel()
	m := NewMember(Rules{}, 1, 1)
	m.Heard(second, Notice{Seq: 1, Mode: Down, Epoch: 1, Ahead: 5 * time.Second, Next: 6 * time.Second, Head: 1, Tail: 1})
	m.again = 3 * second // as from a time before
	m.Wait(second, 1, refused)
	m.join.at = 10 * second
	m.Heard(2*second, Notice{Seq: 2, Mode: Ramp, Epoch: 2, Rate: 10, Head: 1, Tail: 1, Next: time.Second})
	if at, ok := m.Wake(); !ok || at > 2*second+gap {
		t.Fatalf("the wake is %v %v, want within %d us", at, ok, gap)
	}
	if a, due := m.Step(2*second + gap); !due || a.Want != 1 || a.New != 1 {
		t.Errorf("got %+v %v, want an ask for a slot and a ticket", a, due)
	}
}
