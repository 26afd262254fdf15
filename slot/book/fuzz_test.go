package book

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"
)

// script reads choices from the fuzzer's bytes; zeros when they are used up.
type script struct{ bytes []byte }

func (s *script) next(n int) int {
	if len(s.bytes) == 0 {
		return 0
	}
	b := s.bytes[0]
	s.bytes = s.bytes[1:]
	return int(b) % n
}

func FuzzBook(f *testing.F) {
	f.Add(uint64(1), []byte{1, 2, 3, 4, 5, 6})
	f.Add(uint64(0), make([]byte, 300))
	f.Fuzz(func(t *testing.T, seed uint64, data []byte) {
		r := rand.New(rand.NewPCG(seed, 3))
		s := &script{data}
		rules := Rules{Prior: float64(s.next(256))}
		var b Book
		now := Instant(1e15)
		for len(s.bytes) > 0 {
			now += Instant(s.next(256)-10) * 5000
			a := Ask{
				Waiting: s.next(30), New: s.next(4), Want: s.next(30), Ticket: b.Head + float64(s.next(9)-1),
				Epoch: b.Epoch - int64(s.next(2)), Tally: Tally{s.next(30), s.next(9), s.next(9)},
				Latency: time.Duration(s.next(256)) * time.Millisecond, Since: time.Duration(s.next(256)) * 10 * time.Millisecond,
				Probed: s.next(2) == 1,
			}
			if s.next(8) == 7 {
				a = garbage(r, &b)
			}
			before := b
			out := b.Step(rules, now, a)
			lawful(t, &before, &b, a, out)
		}
	})
}

// FuzzMember drives a member by any events, with the answers of a book or none.
func FuzzMember(f *testing.F) {
	f.Add([]byte{0, 0, 5, 0, 5, 5, 5, 1, 2, 3, 4, 5, 5})
	f.Add(binary.BigEndian.AppendUint64(nil, 0x0005000500050005))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &script{data}
		var b Book
		m := NewMember(Rules{}, 1, 1)
		now, asked := Instant(second), Instant(-second)
		waiting := map[Caller]bool{}
		var next Caller
		var pending *Ask
		for len(s.bytes) > 0 {
			switch s.next(8) {
			case 0:
				next++
				waiting[next] = true
				m.Wait(now, next, Feedback{Result: Result(s.next(3)), Latency: duration(int64(s.next(256)) * 4000), Attempt: 1 + s.next(3)})
			case 1:
				next++
				waiting[next] = true
				m.Gate(now, next)
			case 2:
				c := Caller(1 + s.next(int(next)+1))
				m.Leave(now, c)
				delete(waiting, c)
			case 3:
				if s.next(4) == 3 {
					m.Unmade(now)
				}
				m.Ended(now, Feedback{Result: Result(s.next(3)), Latency: duration(int64(s.next(256)) * 4000), Attempt: 1})
			case 4:
				m.Heard(now, Notice{Seq: b.Seq + int64(s.next(3)), Mode: Mode(s.next(4)), Epoch: b.Epoch + int64(s.next(3)) - 1,
					Rate: float64(s.next(256)), Head: float64(s.next(256)), Tail: 256, Ahead: duration(int64(s.next(256)) * 1000), Open: s.next(2) == 0})
			case 5:
				if pending != nil {
					m.Answered(now, b.Step(Rules{}, now, *pending))
					pending = nil
				}
			case 6:
				if pending != nil {
					m.Unanswered(now)
					pending = nil
				}
			default:
				now += Instant(s.next(256)) * 3000
			}
			if a, due := m.Step(now); due {
				if pending != nil || now-asked < gap {
					t.Fatalf("an ask %d us after another, under way: %v", now-asked, pending != nil)
				}
				if a.Waiting < 0 || a.Waiting > len(waiting) || a.Want > a.Waiting || a.New > len(waiting) || a.Back < 0 {
					t.Fatalf("%d wait, and the ask is %+v", len(waiting), a)
				}
				asked, pending = now, &a
			}
			for _, g := range m.Granted(now) {
				if !waiting[g.Caller] || g.At > now {
					t.Fatalf("granted %+v at %d, which does not wait or whose time has not come", g, now)
				}
				delete(waiting, g.Caller)
			}
			at, ok := m.Wake()
			if ok && at <= now {
				t.Fatalf("all was done at %d, and the wake is at %d", now, at)
			}
			if len(waiting) > 0 && !ok && pending == nil {
				t.Fatalf("%d wait for nothing", len(waiting))
			}
			if m.Idle(now) && len(waiting) > 0 {
				t.Fatalf("idle while %d wait", len(waiting))
			}
			if m.Estimate(now) < 0 {
				t.Fatal("an estimate in the past")
			}
		}
	})
}
