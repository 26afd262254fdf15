package slotredis_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
	"github.com/goaroundhq/goaround/slot/book"
	"github.com/goaroundhq/goaround/slot/slotredis"
)

// life is a book and what happens to it at random, as members would have it or as nobody would.
type life struct {
	*rand.Rand
	rules book.Rules
	book  book.Book
	now   book.Instant
	last  book.Answer
	load  float64 // share of attempts that end well
}

// event is one ask, and what the rules make of it.
type event struct {
	now    book.Instant
	ask    book.Ask
	answer book.Answer
	after  book.Book
}

// next lets some time pass and asks.
func (l *life) next() event {
	switch l.IntN(200) {
	case 4:
		l.now = book.Instant([]int64{math.MinInt64, -1e15, 0, 1 << 53, math.MaxInt64}[l.IntN(5)]) // as no clock says
	case 5, 6, 7, 8, 9:
		l.now -= book.Instant(l.Int64N(5e6)) // the clock is set back
	case 10, 11, 12, 13, 14:
		l.now += book.Instant(l.Int64N(20e6))
		l.load = l.Float64()
	case 15, 16, 17, 18, 19, 20, 21, 22, 23, 24:
		l.load = float64(l.IntN(2))
	default:
		l.now += book.Instant(l.ExpFloat64() * 20e3)
	}
	a := l.plausible()
	if l.IntN(20) == 0 {
		a = l.garbage()
	}
	before := l.book.Mode
	l.last = l.book.Step(l.rules, l.now, a)
	if l.book.Mode == book.Down && before != book.Down {
		l.load = 0
	}
	return event{l.now, a, l.last, l.book}
}

func (l *life) tally(most int) (t book.Tally) {
	for range l.IntN(most + 1) {
		switch {
		case l.Float64() < l.load:
			t.OK++
		case l.IntN(3) == 0:
			t.Failed++
		default:
			t.Rejected++
		}
	}
	return t
}

func (l *life) plausible() book.Ask {
	a := book.Ask{
		Waiting: l.IntN(50), New: l.IntN(3) * l.IntN(10), Want: l.IntN(12), Epoch: l.last.Epoch,
		Tally: l.tally(20), Old: l.tally(2), Probed: l.IntN(4) == 0,
		Latency: time.Duration(l.ExpFloat64() * float64(100*time.Millisecond)),
	}
	if l.IntN(2) == 0 {
		a.Ticket = l.last.Head + float64(l.IntN(100))
	}
	if l.last.Slots > 0 && l.IntN(4) == 0 {
		a.Back, a.BackAt = 1+l.IntN(l.last.Slots), l.last.First.Truncate(time.Microsecond)+time.Duration(l.IntN(2))*l.last.Step
	}
	if l.IntN(2) == 0 {
		a.Since = time.Duration(l.IntN(2000)) * time.Millisecond
	}
	if l.IntN(10) == 0 {
		a.Epoch -= l.Int64N(3)
	}
	return a
}

// garbage is what no member says.
func (l *life) garbage() book.Ask {
	n := func() int { return []int{-1, 0, 1, 7, 999_999, 1_000_001, math.MaxInt32, math.MinInt64}[l.IntN(8)] }
	d := func() time.Duration {
		return []time.Duration{-time.Hour, -1, 0, 1, 999, 1500, time.Second, 2 * time.Hour, math.MaxInt64}[l.IntN(9)]
	}
	ticket := []float64{math.NaN(), math.Inf(1), math.Inf(-1), -5, 0.5, 1, l.last.Tail, l.last.Tail + 1000, 1e18}[l.IntN(9)]
	return book.Ask{
		Waiting: n(), New: n(), Want: n(), Ticket: ticket, Back: n(), BackAt: d(), Epoch: int64(n()),
		Tally: book.Tally{OK: n(), Rejected: n(), Failed: n()}, Old: book.Tally{OK: n(), Rejected: n(), Failed: n()},
		Latency: d(), Since: d(), Probed: l.IntN(2) == 0,
	}
}

// The script decides exactly as package book does: every answer and the whole book, bit by
// bit, through all modes.
func TestParity(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t).Client()
	store := open(t, client)
	seed := rand.Uint64()
	seen := map[string]int{}
	const lives, steps, batch = 100, 400, 200
	for n := range uint64(lives) {
		l := &life{Rand: rand.New(rand.NewPCG(seed, n)), now: book.Instant(time.Now().UnixMicro()), load: 1}
		if l.IntN(3) == 0 {
			l.now = book.Instant(l.IntN(3000)) // a clock at its beginning
		}
		l.rules.Prior = []float64{0, 0, 10, 100, 1e4, 0.001, 1e12, math.NaN(), -1}[l.IntN(9)]
		name := fmt.Sprint("life ", n)
		for range steps / batch {
			events := make([]event, batch)
			for i := range events {
				events[i] = l.next()
				seen[events[i].answer.Mode.String()]++
				count(seen, "push", events[i].answer.Push)
				count(seen, "probe", events[i].answer.Probe)
				count(seen, "slots", events[i].answer.Slots > 1)
				count(seen, "spare", events[i].after.Spare > 0)
				count(seen, "doubt", events[i].after.Was > 0)
				count(seen, "in vain", events[i].after.Vain > 0 && events[i].after.Was == 0)
			}
			compare(t, client, store, name, l.rules, events)
			if t.Failed() {
				t.Fatalf("%s of seed %d", name, seed)
			}
		}
	}
	for _, what := range []string{"clear", "down", "ramp", "paced", "push", "probe", "slots", "spare", "doubt", "in vain"} {
		if seen[what] < 50 {
			t.Errorf("%s was seen %d times in %d steps: the test sees too little (seed %d)", what, seen[what], lives*steps, seed)
		}
	}
}

func count(seen map[string]int, what string, is bool) {
	if is {
		seen[what]++
	}
}

// compare has the script do what the rules did, in one trip.
func compare(t *testing.T, client *redis.Client, store *slotredis.Store, name string, rules book.Rules, events []event) {
	t.Helper()
	ctx := t.Context()
	answers, books := make([]*redis.Cmd, len(events)), make([]*redis.StringCmd, len(events))
	ok(t, slotredis.LoadAskAt(ctx, client))
	_, err := client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, e := range events {
			answers[i] = store.AskAt(ctx, p, name, rules, e.now, e.ask)
			books[i] = p.Get(ctx, keyOf(name))
		}
		return nil
	})
	ok(t, err)
	for i, e := range events {
		answer, err := slotredis.DecodeAnswer(answers[i].Text())
		ok(t, err)
		after, err := slotredis.DecodeBook(books[i].Result())
		ok(t, err)
		if answer != e.answer || after != e.after {
			t.Errorf("at %d, prior %v, ask %+v:\nanswer %+v\nrules  %+v\nbook   %+v\nrules  %+v",
				e.now, rules.Prior, e.ask, answer, e.answer, after, e.after)
			return
		}
	}
}
