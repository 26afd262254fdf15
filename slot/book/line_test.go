package book

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// model is a line as a slice.
type model []waiter

func (m model) check(t *testing.T, l *line) {
	t.Helper()
	i, numbered := 0, 0
	for w := l.first; w != nil; w = w.behind {
		if i >= len(m) || w.caller != m[i].caller || w.ticket != m[i].ticket || l.by[w.caller] != w {
			t.Fatalf("place %d: %+v, want %+v", i, w, m)
		}
		if w.ticket > 0 {
			numbered++
		}
		i++
	}
	if i != len(m) || l.len() != len(m) || l.numbered != numbered || l.unnumbered() != len(m)-numbered {
		t.Fatalf("%d in the list, %d in the map, %d with tickets; want %d and %d", i, l.len(), l.numbered, len(m), numbered)
	}
}

// A line has the order that a slice has, whatever happens to it.
func TestLine(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 5))
		var l line
		var m model
		ticket := 1.0
		for c := range Caller(300) {
			switch r.IntN(6) {
			case 0, 1:
				l.add(c, 0)
				m = append(m, waiter{caller: c})
			case 2:
				l.front(c, 2, 7)
				m = slices.Insert(m, 0, waiter{caller: c, ticket: 7})
			case 3:
				n := r.IntN(4)
				l.number(ticket, n)
				for i := range m {
					if m[i].ticket == 0 && n > 0 {
						m[i].ticket = ticket
						ticket++
						n--
					}
				}
			case 4:
				if len(m) > 0 {
					i := r.IntN(len(m)) * r.IntN(2) // often the first
					l.leave(m[i].caller)
					m = slices.Delete(m, i, i+1)
				}
				l.leave(1000) // who is not there
			default:
				if r.IntN(20) == 0 {
					l.renumber()
					for i := range m {
						m[i].ticket = 0
					}
				}
			}
			m.check(t, &l)
			if i := r.IntN(len(m) + 2); (l.at(i) == nil) != (i >= len(m)) || i < len(m) && l.at(i).caller != m[i].caller {
				t.Fatalf("seed %d: at(%d) is %+v of %+v", seed, i, l.at(i), m)
			}
		}
	}
}

func TestLeaveAll(t *testing.T) {
	t.Parallel()
	l := newLocal()
	for c := range Caller(100) {
		l.Wait(l.k.now, c, refused)
	}
	l.turn()
	l.LeaveAll(l.k.now)
	for range 10 {
		if at, ok := l.Wake(); ok {
			l.k.now = max(at, l.k.now)
		}
		if got := l.turn(); got != nil {
			t.Fatalf("granted %v after all had left", got)
		}
	}
	if !l.Idle(l.k.now) {
		t.Error("not idle after all had left")
	}
}

// A caller that comes back after its server's hint has its attempts and its place in front.
func TestJoin(t *testing.T) {
	t.Parallel()
	m := NewMember(Rules{}, 1, 1)
	m.Heard(second, Notice{Seq: 1, Mode: Paced, Epoch: 1, Rate: 10, Head: 5, Tail: 9, Next: time.Second})
	m.Wait(second, 1, refused)
	m.Join(second, 2, 3)
	m.Join(second, 3, 1)
	var got []string
	for w := m.line.first; w != nil; w = w.behind {
		got = append(got, fmt.Sprint(w.caller, w.attempt, w.ticket))
	}
	if want := []string{"2 3 5", "1 1 0", "3 1 0"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if m.done.old.Rejected+m.done.tally.Rejected != 1 || m.gates {
		t.Error("joining counted a result, or made first attempts count")
	}
}

// A probe that is not made is told at once, so that another can be.
func TestUnmadeProbe(t *testing.T) {
	t.Parallel()
	l := newLocal()
	l.Unmade(l.k.now) // there was none
	for c := range Caller(10) {
		l.Wait(l.k.now, c, refused)
	}
	for range 100 {
		l.talk()
		got := l.Granted(l.k.now)
		if len(got) == 1 && got[0].Probe {
			l.Unmade(l.k.now)
			l.k.after(gap)
			if a, due := l.Step(l.k.now); !due || !a.Probed {
				t.Errorf("got %+v %v, want the probe given back", a, due)
			}
			return
		}
		at, _ := l.Wake()
		l.k.now = max(at, l.k.now)
	}
	t.Error("no probe was granted")
}

// Slots that another member gave back come before those that were given already.
func TestSlotsAreTakenInTheirOrder(t *testing.T) {
	t.Parallel()
	m := NewMember(Rules{}, 1, 1)
	for _, at := range []Instant{50, 10, 30, 30, 70} {
		m.receive(slot{at: at})
	}
	if !slices.IsSortedFunc(m.slots, func(a, b slot) int { return int(a.at - b.at) }) {
		t.Errorf("%v", m.slots)
	}
}

// What an event of one of very many callers costs: the same as with few.
func BenchmarkMember(b *testing.B) {
	for _, n := range []int{100, 100_000} {
		m := NewMember(Rules{}, 1, 1)
		m.Heard(1, Notice{Seq: 1, Mode: Paced, Epoch: 1, Rate: 100, Head: 1, Tail: 1, Next: time.Second})
		for c := range n {
			m.Join(second, Caller(c), 1+c%2)
		}
		for range 10 {
			m.receive(slot{at: 2 * second})
		}
		b.Run(fmt.Sprint("EstimateOf/", n), func(b *testing.B) {
			for i := range b.N {
				m.EstimateOf(second, Caller(i*7919%n))
			}
		})
		b.Run(fmt.Sprint("WaitWakeLeave/", n), func(b *testing.B) {
			for i := range b.N {
				c := Caller(i * 7919 % n)
				m.Leave(second, c)
				m.Wake()
				m.Wait(second, c, Feedback{Result: Rejected, Attempt: 2})
			}
		})
	}
}
