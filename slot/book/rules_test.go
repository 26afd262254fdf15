package book

import (
	"testing"
	"time"
)

const msec = 1000 // microseconds

// keeper drives a book by hand.
type keeper struct {
	Book
	rules Rules
	now   Instant
}

func (k *keeper) ask(a Ask) Answer { return k.Step(k.rules, k.now, a) }

func (k *keeper) after(d Instant) *keeper { k.now += d; return k }

// tell reports results of the present epoch.
func (k *keeper) tell(ok, rejected int, latency time.Duration) Answer {
	a := Ask{Epoch: k.Epoch, Tally: Tally{OK: ok, Rejected: rejected}, Latency: latency}
	if ok > 0 {
		a.Since = time.Millisecond
	}
	return k.ask(a)
}

// fail reports failures of callers that wait.
func (k *keeper) fail(n int) Answer {
	return k.ask(Ask{Epoch: k.Epoch, Tally: Tally{Rejected: n}, Waiting: n, New: n, Want: n})
}

func newKeeper(prior float64) *keeper {
	return &keeper{rules: Rules{Prior: prior}, now: 1e12}
}

// paced returns a keeper of a target that is paced at the rate, with many waiting.
func paced(rate float64) *keeper {
	k := newKeeper(rate)
	k.fail(outage)
	k.after(probeLeast).ask(Ask{Waiting: 1, New: 1000, Probed: true})
	k.after(msec).tell(1, 0, 100*time.Millisecond)
	k.Mode = Paced
	return k
}

func TestARetryWhileClearWaitsABreath(t *testing.T) {
	t.Parallel()
	k := newKeeper(0)
	got := k.fail(1)
	if got.Mode != Clear || got.Slots != 1 || got.First != breath*time.Microsecond || got.Push {
		t.Errorf("got %+v, want one slot in 50 ms and no push", got)
	}
}

func TestOutage(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		asks []Ask
		want Mode
	}{
		"four failures":                {[]Ask{{Tally: Tally{Rejected: 4}}}, Clear},
		"five failures":                {[]Ask{{Tally: Tally{Rejected: 2, Failed: 3}}}, Down},
		"five failures of five":        {[]Ask{{Tally: Tally{Failed: 1}}, {Tally: Tally{Failed: 1}}, {Tally: Tally{Failed: 1}}, {Tally: Tally{Failed: 1}}, {Old: Tally{Failed: 1}}}, Down},
		"with a recent success":        {[]Ask{{Tally: Tally{Failed: 50}, Since: 100 * time.Millisecond}}, Clear},
		"with an older success":        {[]Ask{{Tally: Tally{Failed: 50}, Since: time.Second}}, Down},
		"a recent success of another":  {[]Ask{{Since: time.Microsecond, Tally: Tally{OK: 1}}, {Tally: Tally{Failed: 50}}}, Clear},
		"a success starts a new count": {[]Ask{{Tally: Tally{Failed: 4}}, {Since: time.Microsecond, Tally: Tally{OK: 1}}, {Tally: Tally{Failed: 4}}}, Clear},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKeeper(0)
			var got Answer
			for _, a := range test.asks {
				got = k.after(msec).ask(a)
			}
			if got.Mode != test.want || got.Push != (test.want == Down) {
				t.Errorf("%v, pushed: %v; want %v", got.Mode, got.Push, test.want)
			}
		})
	}
}

// A failed probe's report books the next, less and less often, and passes it on after a while.
func TestProbes(t *testing.T) {
	t.Parallel()
	k := newKeeper(0)
	got := k.fail(outage)
	if !got.Probe || got.Slots != 1 || got.First != probeLeast*time.Microsecond {
		t.Fatalf("got %+v, want a probe in 250 ms", got)
	}
	if other := k.ask(Ask{Waiting: 9, New: 9, Want: 9}); other.Slots != 0 || other.Open {
		t.Fatalf("another member got %+v", other)
	}
	start, probes := k.now, 1
	for k.now < start+100*second {
		k.after(Instant(micros(got.First)) + 50*msec)
		got = k.ask(Ask{Epoch: k.Epoch, Tally: Tally{Rejected: 1}, Waiting: 3, Probed: true})
		if !got.Push {
			t.Fatalf("nobody heard of the probe: %+v", got)
		}
		if got.Open { // after three, one for each caller
			got = k.after(msec).ask(Ask{Waiting: 3})
		}
		if !got.Probe || got.First > 5*time.Second {
			t.Fatalf("got %+v, want a probe within 5 s", got)
		}
		probes++
	}
	if probes < 60 || probes > 160 {
		t.Errorf("%d probes in 100 s, want about 100", probes)
	}
	got = k.after(probeMost + overdue + msec).ask(Ask{Waiting: 1})
	if !got.Probe {
		t.Errorf("a probe that nobody made was not given to another: %+v", got)
	}
}

func TestWhereTheRampStarts(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		prior, good float64
		latency     time.Duration
		want        float64
	}{
		"unknown, slow":     {0, 0, 400 * time.Millisecond, 30},
		"unknown, fast":     {0, 0, time.Millisecond, 100},
		"named":             {700, 0, 400 * time.Millisecond, 700},
		"learned":           {700, 900, 400 * time.Millisecond, 900},
		"not below slowest": {0, 0, time.Hour, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKeeper(test.prior)
			k.fail(outage)
			k.Good = test.good
			got := k.after(probeLeast).tell(1, 0, test.latency)
			if got.Mode != Ramp || got.Rate != test.want || !got.Push {
				t.Errorf("got %+v, want a ramp from %v", got, test.want)
			}
		})
	}
}

func TestRate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		ok, rejected int
		latency      time.Duration
		low, high    float64
	}{
		"too few results":        {3, 0, 100 * time.Millisecond, 100, 100},
		"all served":             {40, 0, 100 * time.Millisecond, 100.1, 101},
		"all served, a bit late": {40, 0, 106 * time.Millisecond, 100.01, 100.5},
		"a queue builds":         {40, 0, 120 * time.Millisecond, 100, 100},
		"the queue is long":      {40, 0, 140 * time.Millisecond, 97, 97},
		"a tenth refused":        {36, 4, 200 * time.Millisecond, 89.9, 90.1},
		"nine tenths refused":    {4, 36, 200 * time.Millisecond, 50, 50},
		"all refused":            {0, 40, 0, 100, 100},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := paced(100)
			k.Base, k.Guess, k.Good = 100*msec, 0, 100
			k.Clean = 0
			epoch := k.Epoch
			k.after(msec).tell(test.ok, test.rejected, test.latency)
			if k.Rate < test.low || k.Rate > test.high {
				t.Errorf("rate %v, want %v to %v", k.Rate, test.low, test.high)
			}
			if (k.Epoch > epoch) != (k.Rate != 100) {
				t.Errorf("rate %v in epoch %d after %d", k.Rate, k.Epoch, epoch)
			}
		})
	}
	t.Run("of an earlier epoch", func(t *testing.T) {
		t.Parallel()
		k := paced(100)
		k.ask(Ask{Epoch: k.Epoch - 1, Tally: Tally{OK: 20, Rejected: 20}, Old: Tally{Rejected: 50}})
		if k.Rate != 100 {
			t.Errorf("rate %v, want 100", k.Rate)
		}
	})
}

func TestTurns(t *testing.T) {
	t.Parallel()
	k := paced(100)
	head := k.Head
	got := k.ask(Ask{Waiting: 50, Want: 50, Ticket: head})
	if got.Slots != 13 || got.First != 0 || got.Step != 10*time.Millisecond || got.Head != head+13 {
		t.Fatalf("got %+v, want 13 slots within 120 ms", got)
	}
	if got := k.ask(Ask{Waiting: 1, Want: 1, Ticket: head + 500}); got.Slots != 0 || got.Again != 0 {
		t.Errorf("out of turn: got %+v, want nothing", got)
	}
	first := k.ask(Ask{Waiting: 1, Want: 1, Ticket: head + 13})
	second := k.ask(Ask{Waiting: 1, Want: 1, Ticket: head + 14})
	if first.Slots+second.Slots != 0 || first.Again <= 0 || second.Again <= first.Again {
		t.Errorf("no room: told to come again after %v and %v, want two times", first.Again, second.Again)
	}
	back := k.ask(Ask{Back: 3, BackAt: 50 * time.Millisecond})
	again := k.ask(Ask{Waiting: 5, Want: 5, Ticket: head + 13})
	if back.Slots != 0 || again.Slots != 3 || again.First != 50*time.Millisecond {
		t.Errorf("three came back, and then %+v was given", again)
	}
	k.after(1_000_000)
	if got := k.ask(Ask{Waiting: 1, Want: 1, Ticket: head + 500}); got.Slots != 1 {
		t.Errorf("nobody else came, and yet %+v", got)
	}
}

func TestClearAgain(t *testing.T) {
	t.Parallel()
	k := newKeeper(100)
	k.fail(outage)
	k.after(probeLeast).tell(1, 0, 100*time.Millisecond)
	if got := k.after(calm - msec).ask(Ask{}); got.Mode != Ramp {
		t.Fatalf("clear too soon: %+v", got)
	}
	if got := k.after(2 * msec).ask(Ask{}); got.Mode != Clear || !got.Push {
		t.Errorf("got %+v, want clear and a push", got)
	}
}

func TestHeartbeat(t *testing.T) {
	t.Parallel()
	k := paced(100)
	pushes := 0
	for range 100 {
		if k.after(50 * msec).ask(Ask{Waiting: 100, Want: 1, Ticket: k.Head}).Push {
			pushes++
		}
	}
	if pushes != 10 {
		t.Errorf("%d pushes in 5 s, want 10", pushes)
	}
}

func TestClockSetBack(t *testing.T) {
	t.Parallel()
	k := paced(100)
	k.ask(Ask{Waiting: 50, Want: 5, Ticket: k.Head})
	got := k.after(-3600 * second).ask(Ask{Waiting: 50, Want: 5, Ticket: k.Head})
	if got.Slots != 5 || got.First != 50*time.Millisecond {
		t.Errorf("got %+v, want what it would have been had the clock stood still", got)
	}
}

// A book that was lost takes over the queue from its members.
func TestLostBook(t *testing.T) {
	t.Parallel()
	k := paced(100)
	seq, epoch := k.Seq, k.Epoch
	k.after(second)
	k.Book = Book{}
	got := k.ask(Ask{Waiting: 10, Want: 10, Ticket: 5000})
	if got.Slots == 0 || got.Seq <= seq || got.Epoch <= epoch || got.Head < 5000 {
		t.Errorf("got %+v, want slots and higher numbers than before", got)
	}
}
