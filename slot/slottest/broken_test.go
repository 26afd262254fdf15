package slottest_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/book"
	"github.com/goaroundhq/goaround/slot/slottest"
)

// broken are stores with one mistake each, and the rule that must name it.
var broken = map[string]struct {
	rule string
	open func(*slot.Memory) slot.Store
}{
	"forgets": {"Ask/FailuresTakeATargetDown", func(*slot.Memory) slot.Store { return &forgetful{} }},
	"one book for all targets": {"Ask/TargetsAreIndependent", func(m *slot.Memory) slot.Store {
		return store{m, func(ctx context.Context, _ string, r book.Rules, a book.Ask) (book.Answer, error) {
			return m.Ask(ctx, "all", r, a)
		}, m.Listen}
	}},
	"rules of its own": {"Ask/TheRulesAreThoseOfTheAsk", func(m *slot.Memory) slot.Store {
		return store{m, func(ctx context.Context, target string, _ book.Rules, a book.Ask) (book.Answer, error) {
			return m.Ask(ctx, target, book.Rules{}, a)
		}, m.Listen}
	}},
	"loses updates": {"Ask/TicketsAreGivenOnce", func(*slot.Memory) slot.Store { return &racing{books: map[string]book.Book{}} }},
	"stands still":  {"Time/SlotsComeFreeAsItPasses", func(*slot.Memory) slot.Store { return &stopped{books: map[string]*book.Book{}} }},
	"does not look at contexts": {"Ask/AnEndedContextIsAnError", func(m *slot.Memory) slot.Store {
		return store{m, func(_ context.Context, target string, r book.Rules, a book.Ask) (book.Answer, error) {
			return m.Ask(context.Background(), target, r, a)
		}, m.Listen}
	}},
	"deaf": {"Listen/HearsWhatIsPushed", func(m *slot.Memory) slot.Store {
		return store{m, m.Ask, func(ctx context.Context, _ string, _ func(book.Notice)) error {
			<-ctx.Done()
			return ctx.Err()
		}}
	}},
	"garbles": {"Listen/HearsWhatIsPushed", func(m *slot.Memory) slot.Store {
		return store{m, m.Ask, func(ctx context.Context, target string, heard func(book.Notice)) error {
			return m.Listen(ctx, target, func(n book.Notice) { n.Ahead++; heard(n) })
		}}
	}},
	"mixes targets up": {"Listen/HearsOfItsTargetOnly", func(m *slot.Memory) slot.Store { return &gossip{Memory: m} }},
	"listens for ever": {"Listen/ReturnsWhenItsContextEnds", func(m *slot.Memory) slot.Store {
		return store{m, m.Ask, func(ctx context.Context, target string, heard func(book.Notice)) error {
			_ = m.Listen(ctx, target, heard)
			return errors.New("the connection was closed")
		}}
	}},
	"calls at once": {"Listen/CallsOneAtATime", func(m *slot.Memory) slot.Store {
		return store{m, m.Ask, func(ctx context.Context, target string, heard func(book.Notice)) error {
			return m.Listen(ctx, target, func(n book.Notice) { go heard(n); go heard(n) })
		}}
	}},
	"calls those who left": {"Listen/CallsNobodyAfterItReturned", func(m *slot.Memory) slot.Store {
		return store{m, m.Ask, func(ctx context.Context, target string, heard func(book.Notice)) error {
			longer, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			go func() { defer cancel(); _ = m.Listen(longer, target, heard) }()
			<-ctx.Done()
			return ctx.Err()
		}}
	}},
}

// store is a Memory with other methods, which a queue cannot know for one.
type store struct {
	*slot.Memory
	ask    func(context.Context, string, book.Rules, book.Ask) (book.Answer, error)
	listen func(context.Context, string, func(book.Notice)) error
}

func (s store) Ask(ctx context.Context, target string, r book.Rules, a book.Ask) (book.Answer, error) {
	return s.ask(ctx, target, r, a)
}

func (s store) Listen(ctx context.Context, target string, heard func(book.Notice)) error {
	return s.listen(ctx, target, heard)
}

// forgetful answers each question from a fresh book.
type forgetful struct{ slot.Memory }

func (*forgetful) Ask(ctx context.Context, _ string, r book.Rules, a book.Ask) (book.Answer, error) {
	return new(book.Book).Step(r, book.Instant(time.Now().UnixMicro()), a), ctx.Err()
}

// racing reads and writes the book in two steps.
type racing struct {
	slot.Memory
	mu    sync.Mutex
	books map[string]book.Book
}

func (s *racing) Ask(ctx context.Context, target string, r book.Rules, a book.Ask) (book.Answer, error) {
	s.mu.Lock()
	b := s.books[target]
	s.mu.Unlock()
	time.Sleep(time.Millisecond)
	answer := b.Step(r, book.Instant(time.Now().UnixMicro()), a)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.books[target] = b
	return answer, ctx.Err()
}

// stopped has a clock that does not go.
type stopped struct {
	slot.Memory
	mu    sync.Mutex
	books map[string]*book.Book
}

func (s *stopped) Ask(ctx context.Context, target string, r book.Rules, a book.Ask) (book.Answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.books[target] == nil {
		s.books[target] = new(book.Book)
	}
	return s.books[target].Step(r, 1e9, a), ctx.Err()
}

// gossip tells everybody of every target.
type gossip struct {
	*slot.Memory
	mu  sync.Mutex
	all []func(book.Notice)
}

func (s *gossip) Ask(ctx context.Context, target string, r book.Rules, a book.Ask) (book.Answer, error) {
	answer, err := s.Memory.Ask(ctx, target, r, a)
	if answer.Push {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, heard := range s.all {
			heard(answer.Notice)
		}
	}
	return answer, err
}

func (s *gossip) Listen(ctx context.Context, _ string, heard func(book.Notice)) error {
	s.mu.Lock()
	s.all = append(s.all, func(n book.Notice) {
		if ctx.Err() == nil {
			heard(n)
		}
	})
	s.mu.Unlock()
	<-ctx.Done()
	return ctx.Err()
}

// brokenPacers give all callers what their functions say; rule is the one that names the mistake.
var brokenPacers = map[string]struct {
	rule string
	wait func(slot.Feedback) time.Duration
}{
	"knows no hints":            {"Pacer/AHerdWithOneHintIsSpread", func(slot.Feedback) time.Duration { return rand.N(100 * time.Millisecond) }},
	"does what the server says": {"Pacer/AHerdWithOneHintIsSpread", func(f slot.Feedback) time.Duration { return f.Hint }},
	"goes back in time":         {"Pacer/DelayIsNotNegative", func(slot.Feedback) time.Duration { return -1 }},
}

// scripted is a pacer that waits as its function says.
type scripted func(slot.Feedback) time.Duration

func (p scripted) Reserve(_ context.Context, _ string, f slot.Feedback) (slot.Reservation, error) {
	return wait(p(f)), nil
}

func (scripted) Report(string, slot.Feedback) {}

type wait time.Duration

func (w wait) Delay() time.Duration { return time.Duration(w) }
func (wait) Cancel()                {}

const brokenVariable = "SLOTTEST_BROKEN"

// TestBroken is what runs in the other process.
func TestBroken(t *testing.T) {
	name := os.Getenv(brokenVariable) // none in the process of the other tests: nothing to do
	if b, ok := broken[name]; ok {
		slottest.Run(t, slottest.Target{
			Open:   func(*testing.T) slot.Store { return b.open(slot.NewMemory()) },
			Bubble: true,
		})
	}
	if b, ok := brokenPacers[name]; ok {
		slottest.RunPacer(t, slottest.PacerTarget{
			Open:   func(*testing.T) slot.Pacer { return scripted(b.wait) },
			Bubble: true,
		})
	}
}

func TestSuiteNamesWhatIsBroken(t *testing.T) {
	t.Parallel()
	rules := map[string]string{}
	for name, b := range broken {
		rules[name] = b.rule
	}
	for name, b := range brokenPacers {
		rules[name] = b.rule
	}
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pattern := "^TestBroken$/^" + strings.ReplaceAll(rule, "/", "$/^") + "$"
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run="+pattern, "-test.timeout=60s")
			cmd.Env = append(os.Environ(), brokenVariable+"="+name)
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: TestBroken/"+rule+" ") {
				t.Errorf("the suite does not name %s: %v\n%s", rule, err, out)
			}
		})
	}
}
