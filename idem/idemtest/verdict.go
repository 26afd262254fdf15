package idemtest

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// verdict is what a rule found wrong. It is the test's only when the rule had a fair chance.
type verdict struct {
	mu      sync.Mutex
	wrong   []string
	skipped string
}

// Errorf notes what is wrong, and where.
func (e *env) Errorf(format string, args ...any) {
	e.verdict.mu.Lock()
	defer e.verdict.mu.Unlock()
	e.verdict.wrong = append(e.verdict.wrong, where()+fmt.Sprintf(format, args...))
}

// Fatalf is Errorf and ends the rule.
func (e *env) Fatalf(format string, args ...any) {
	e.Errorf(format, args...)
	runtime.Goexit()
}

func (e *env) Error(args ...any) { e.Errorf("%s", fmt.Sprint(args...)) }

func (e *env) Fatal(args ...any) { e.Fatalf("%s", fmt.Sprint(args...)) }

// Skip ends the rule, which does not apply.
func (e *env) Skip(args ...any) {
	e.verdict.skipped = fmt.Sprint(args...)
	runtime.Goexit()
}

// where is the line of the rule that is at work.
func where() string {
	callers := make([]uintptr, 50)
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers)])
	line := ""
	for {
		f, more := frames.Next()
		if file := filepath.Base(f.File); strings.Contains(f.Function, "/idemtest.") && file != "verdict.go" {
			line = fmt.Sprintf("%s:%d: ", file, f.Line)
		}
		if !more {
			return line
		}
	}
}

// tries is how often a rule is tried whose time went by while nothing worked.
const tries = 3

// judge runs a rule. One that fails while the machine or the store was too slow for it has
// shown nothing, and is tried again, alone and with a longer unit.
func (target Target) judge(t *testing.T, r rule, open func(*testing.T) idem.Store) {
	e := &env{T: t, unit: target.Unit, bubble: target.Bubble, seed: target.Seed}
	counts := target.attempt(e, r, open, target.turns.RLocker())
	for try := 2; try <= tries && !counts; try++ {
		e.unit *= 2
		t.Logf("too slow to judge, tried again with a unit of %v: %s", e.unit, strings.Join(e.verdict.wrong, "; "))
		counts = target.attempt(e, r, open, target.turns)
	}
	for _, wrong := range e.verdict.wrong {
		t.Error(wrong)
	}
	if e.verdict.skipped != "" {
		t.Skip(e.verdict.skipped)
	}
}

// attempt runs a rule once, when it is its turn, and reports whether the verdict counts. That
// of a busy rule always does: it depends on chance, not on time.
func (target Target) attempt(e *env, r rule, open func(*testing.T) idem.Store, turn sync.Locker) bool {
	turn.Lock()
	defer turn.Unlock()
	start := time.Now()
	e.store, e.verdict = open(e.T), &verdict{}
	done := make(chan struct{})
	go func() { // which the rule can end
		defer close(done)
		r.check(e)
	}()
	<-done
	return len(e.verdict.wrong) == 0 || target.Bubble || r.busy || target.weather.calmSince(start)
}

// weather knows when the machine or the store was too slow for rules that count in units.
type weather struct {
	limit time.Duration // for a look, with a pause of the same length before it

	mu    sync.Mutex
	begun time.Time // of the pause and look under way
	slow  time.Time // the end of the last one that took too long
}

// watch looks at the weather until the test ends.
func watch(t *testing.T, store idem.Store, unit time.Duration) *weather {
	w := &weather{limit: unit / 2, begun: time.Now()}
	var watching sync.WaitGroup
	over, stop := context.WithCancel(t.Context())
	watching.Go(func() {
		nobody := idem.Claim{ID: idem.ID{}, Owner: idem.NewOwner()}
		for over.Err() == nil {
			time.Sleep(w.limit)
			_ = store.Extend(over, nobody, unit) // writes nothing
			w.next()
		}
	})
	t.Cleanup(func() {
		stop()
		watching.Wait()
	})
	return w
}

func (w *weather) next() {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if now.Sub(w.begun) > 2*w.limit {
		w.slow = now
	}
	w.begun = now
}

// calmSince reports whether all went quickly since then.
func (w *weather) calmSince(start time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.slow.Before(start) && time.Since(w.begun) <= 2*w.limit
}
