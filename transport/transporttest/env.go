package transporttest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

const (
	// defaultPatience is that of a target that says nothing.
	defaultPatience = 10 * time.Second
	// limit is how long a rule may take in all, whatever the target does.
	limit = 45 * time.Second
)

// env is what a rule works with. It is no *testing.T, so that a target can be judged
// outside of tests, and so that one which hangs costs no more than its rule.
type env struct {
	Target
	http2 bool
	ctx   context.Context // of the rule; its end lets handlers go

	mu       sync.Mutex
	broken   []string
	cleanups []func()
}

// errRuleOver is why the context of a rule ends.
var errRuleOver = errors.New("transporttest: the rule is over")

// judge holds the target to a rule.
func (target Target) judge(ctx context.Context, r rule) Finding {
	target.Patience = cmp.Or(target.Patience, defaultPatience)
	ctx, end := context.WithCancelCause(ctx)
	e := &env{Target: target, ctx: ctx}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer e.recovered()
		r.check(e)
	}()
	if !within(limit, done) {
		e.errorf("the rule did not end within %v", limit)
	}
	end(errRuleOver)
	e.cleanUp()
	// A target that hangs for ever is left behind, with its goroutine.
	within(target.Patience, done)
	return Finding{Rule: r.name, Says: r.says, Broken: e.complaints()}
}

// recovered makes a complaint of a panic of the target.
func (e *env) recovered() {
	switch value := recover().(type) {
	case nil, stopped:
	default:
		e.errorf("panic: %v\n%s", value, debug.Stack())
	}
}

// enough is how many complaints a finding has.
const enough = 6

func (e *env) complaints() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if more := len(e.broken) - enough; more > 0 {
		return append(e.broken[:enough:enough], fmt.Sprintf("and %d more", more))
	}
	return e.broken[:len(e.broken):len(e.broken)]
}

// errorf complains, and the rule goes on.
func (e *env) errorf(format string, args ...any) {
	complaint := fmt.Sprintf(format, args...)
	e.mu.Lock()
	defer e.mu.Unlock()
	if !slices.Contains(e.broken, complaint) {
		e.broken = append(e.broken, complaint)
	}
}

// patience is short for a target that is known to break the rule.
func (e *env) patience() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.broken) > 0 {
		return e.Patience / 10
	}
	return e.Patience
}

// fatalf complains, and the goroutine ends that works on the rule.
func (e *env) fatalf(format string, args ...any) {
	e.errorf(format, args...)
	panic(stopped{})
}

// stopped is what a rule panics with that cannot go on.
type stopped struct{}

// cleanup runs f when the rule is over, last in, first out.
func (e *env) cleanup(f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.cleanups = append(e.cleanups, f)
}

func (e *env) cleanUp() {
	e.mu.Lock()
	cleanups := e.cleanups
	e.mu.Unlock()
	for i := len(cleanups) - 1; i >= 0; i-- {
		cleanups[i]()
	}
}

// hold makes a handler wait until c is closed, or the rule is over.
func (e *env) hold(c <-chan struct{}) {
	select {
	case <-c:
	case <-e.ctx.Done():
	}
}

// came reports whether something came that must come, and complains if not.
func (e *env) came(what string, c <-chan struct{}) bool {
	if !within(e.patience(), c) {
		e.errorf("waited in vain for %s", what)
		return false
	}
	return true
}

// looks is how often a condition is looked at, at least: on a busy machine one look at all
// goroutines may take longer than the patience.
const looks = 5

// until waits for a condition that must come true.
func (e *env) until(what string, holds func() bool) {
	end := time.Now().Add(e.patience())
	for look := 1; !holds(); look++ {
		time.Sleep(2 * time.Millisecond)
		if look >= looks && time.Now().After(end) {
			e.errorf("waited in vain until %s", what)
			return
		}
	}
}

func within(d time.Duration, c <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-c:
		return true
	case <-timer.C:
		return false
	}
}
