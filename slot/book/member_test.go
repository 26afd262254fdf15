package book

import (
	"testing"
	"time"
)

var refused = Feedback{Result: Rejected, Latency: 40 * time.Millisecond, Attempt: 1}

func served(latency time.Duration) Feedback {
	return Feedback{Result: Success, Latency: latency, Attempt: 2}
}

// local is a member and its keeper in one process, without any delay.
type local struct {
	*Member
	k *keeper
}

func newLocal() *local { return &local{NewMember(Rules{}, 1, 1), newKeeper(0)} }

// turn does what is due, and returns who was granted.
func (l *local) turn() []Caller {
	l.talk()
	var got []Caller
	for _, g := range l.Granted(l.k.now) {
		got = append(got, g.Caller)
	}
	return got
}

// talk asks what is to be asked.
func (l *local) talk() {
	for a, ok := l.Step(l.k.now); ok; a, ok = l.Step(l.k.now) {
		l.Answered(l.k.now, l.k.ask(a))
	}
}

// until goes from wake to wake until somebody is granted.
func (l *local) until(t *testing.T) []Caller {
	t.Helper()
	for range 1000 {
		if got := l.turn(); got != nil {
			return got
		}
		at, ok := l.Wake()
		if !ok {
			t.Fatal("somebody waits, and there is no wake")
		}
		if at <= l.k.now {
			t.Fatalf("nothing was due at %d, and the wake is at %d", l.k.now, at)
		}
		l.k.now = at
	}
	t.Fatal("nobody was granted in a thousand wakes")
	return nil
}

func TestSuccessesWhileClearCauseNothing(t *testing.T) { // not parallel: it counts allocations
	m := NewMember(Rules{}, 1, 1)
	if n := testing.AllocsPerRun(1000, func() { m.Ended(5*second, served(time.Millisecond)) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
	if _, due := m.Step(10 * second); due || !m.Idle(10*second) || !m.Clear() {
		t.Error("a success made an ask due")
	}
	if _, ok := m.Wake(); ok {
		t.Error("a success set a wake")
	}
}

func TestAFailureIsToldThoughNobodyWaits(t *testing.T) {
	t.Parallel()
	m := NewMember(Rules{}, 1, 1)
	m.Ended(second, served(time.Millisecond))
	m.Ended(second+msec, refused)
	at, ok := m.Wake()
	if !ok || at > 2*second || m.Idle(second) {
		t.Fatalf("wake %v %v, want one soon", at, ok)
	}
	a, due := m.Step(at)
	if want := (Tally{OK: 1, Rejected: 1}); !due || a.Tally != want || a.Since <= 0 || a.Want != 0 {
		t.Errorf("got %+v, want %+v told", a, want)
	}
}

func TestOneAskIsUnderWay(t *testing.T) {
	t.Parallel()
	m := NewMember(Rules{}, 1, 1)
	m.Wait(second, 1, refused)
	if a, due := m.Step(second); !due || a.New != 1 || a.Want != 1 || a.Waiting != 1 || a.Tally.Rejected != 1 {
		t.Fatalf("got %+v %v, want an ask for one", a, due)
	}
	m.Wait(second, 2, refused)
	if a, due := m.Step(10 * second); due {
		t.Fatalf("a second ask: %+v", a)
	}
	m.Unanswered(10 * second)
	at, _ := m.Wake()
	if at <= 10*second || at > 11*second {
		t.Fatalf("the lost ask is repeated at %v", at)
	}
	if a, due := m.Step(at); !due || a.Tally.Rejected != 2 || a.New != 2 {
		t.Errorf("got %+v, want all that was to be told", a)
	}
}

func TestASlotThatIsLeftBehindIsTheNextCallers(t *testing.T) {
	t.Parallel()
	l := newLocal()
	l.Wait(l.k.now, 1, refused)
	l.turn()
	l.Wait(l.k.now, 2, refused)
	l.Leave(l.k.now, 1)
	if got := l.until(t); len(got) != 1 || got[0] != 2 {
		t.Errorf("granted %v, want caller 2", got)
	}
}

func TestASlotThatNobodyWantsGoesBack(t *testing.T) {
	t.Parallel()
	l := newLocal()
	l.Wait(l.k.now, 1, refused)
	l.turn()
	l.Leave(l.k.now, 1)
	l.k.after(gap)
	a, due := l.Step(l.k.now)
	if !due || a.Back != 1 || a.BackAt != 10*time.Millisecond {
		t.Fatalf("got %+v, want the slot given back", a)
	}
	l.Answered(l.k.now, l.k.ask(a))
	if !l.Idle(l.k.now) {
		t.Error("not idle after all is done")
	}
}

func TestDownVoidsSlots(t *testing.T) {
	t.Parallel()
	l := newLocal()
	l.Wait(l.k.now, 1, refused)
	l.turn()
	n := Notice{Seq: l.k.Seq + 1, Mode: Down, Epoch: l.k.Epoch + 1, Ahead: time.Second, Next: 2 * time.Second}
	l.Heard(l.k.now, n)
	l.k.after(second / 2)
	if got := l.Granted(l.k.now); got != nil {
		t.Errorf("granted %v while the target is down", got)
	}
	if l.Clear() {
		t.Error("clear while the target is down")
	}
	n.Seq, n.Mode = n.Seq-1, Clear // late
	if l.Heard(l.k.now, n); l.Clear() {
		t.Error("an old notice was believed")
	}
}

// Ten callers fail, the target is down for five seconds, and all are served; probes are made
// by those that have made the fewest attempts.
func TestAnOutageFromBeginningToEnd(t *testing.T) {
	t.Parallel()
	l := newLocal()
	spent := map[Caller]int{}
	for c := range Caller(10) {
		spent[c] = 1
		l.Wait(l.k.now, c, refused)
	}
	end := l.k.now + 5*second
	for len(spent) > 0 {
		for _, c := range l.until(t) {
			spent[c]++
			l.k.after(40 * msec)
			if l.k.now > end {
				delete(spent, c)
				l.Ended(l.k.now, served(40*time.Millisecond))
				continue
			}
			for other, n := range spent {
				if other != c && n < spent[c]-1 {
					t.Fatalf("caller %d probed at %d attempts, before %d at %d", c, spent[c]-1, other, n)
				}
			}
			l.Wait(l.k.now, c, Feedback{Result: Rejected, Latency: 40 * time.Millisecond, Attempt: spent[c]})
		}
		if l.k.now > end+10*second {
			t.Fatalf("%d callers still wait, in %v", len(spent), l.k.Mode)
		}
	}
	for !l.Idle(l.k.now) {
		l.k.now, _ = l.Wake()
		l.turn()
	}
}

func TestEstimates(t *testing.T) {
	t.Parallel()
	l := newLocal()
	l.Wait(l.k.now, 7, refused)
	tests := map[string]struct {
		n    Notice
		want time.Duration
	}{
		"clear":             {Notice{Mode: Clear, Rate: 10, Head: 1, Tail: 401}, 0},
		"down":              {Notice{Mode: Down, Rate: 10, Head: 1, Tail: 401}, 0},
		"the rate rises":    {Notice{Mode: Ramp, Rate: 10, Head: 1, Tail: 401}, 0},
		"the rate is known": {Notice{Mode: Paced, Rate: 10, Head: 1, Tail: 401}, 10 * time.Second},
		"nobody waits":      {Notice{Mode: Paced, Rate: 10, Head: 401, Tail: 401}, 0},
	}
	for name, test := range tests {
		m := *l.Member
		test.n.Seq, test.n.Next = 1, time.Second
		m.Heard(l.k.now, test.n)
		if got, of := m.Estimate(l.k.now), m.EstimateOf(l.k.now, 7); got != test.want || of != got {
			t.Errorf("%s: %v and %v, want %v", name, got, of, test.want)
		}
		if got := m.Estimate(l.k.now + 4*second); got != max(0, test.want-4*time.Second) {
			t.Errorf("%s, 4 s later: %v", name, got)
		}
		if got := m.EstimateOf(l.k.now, 8); got != 0 {
			t.Errorf("%s: %v for a caller that does not wait", name, got)
		}
	}
}

func TestManyMembersSeldomActTogether(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 10, 1000} {
		first, close := Instant(second), 0
		var all []Instant
		for i := range n {
			at := NewMember(Rules{}, uint64(i), 1).seldom(second / 4)
			all, first = append(all, at), min(first, at)
		}
		for _, at := range all {
			if at < first+5*msec {
				close++
			}
		}
		if close > 5 {
			t.Errorf("%d of %d came within 5 ms", close, n)
		}
	}
}
