package slottest

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/book"
)

// patience is how long a rule waits for what must come.
const patience = 20 * time.Second

// Target says how to test a store.
type Target struct {
	// Open returns a store; clean it up with t.Cleanup. It is called for each rule, and
	// may return the same store again: rules use targets of their own and do not mind
	// what else the store holds. Required.
	Open func(t *testing.T) slot.Store
	// Bubble runs each rule in a testing/synctest bubble, where time costs nothing. It
	// works for stores that do no input or output.
	Bubble bool
}

// Run tests the store against all rules. With real time it takes a few seconds.
func Run(t *testing.T, target Target) {
	for _, r := range slices.Concat(askRules, timeRules, listenRules, queueRules) {
		inBubble(t, r.name, target.Bubble, func(t *testing.T) { r.check(&env{T: t, store: target.Open(t)}) })
	}
}

// inBubble runs a rule as a test of its name.
func inBubble(t *testing.T, name string, bubble bool, check func(*testing.T)) {
	t.Run(name, func(t *testing.T) {
		if bubble {
			synctest.Test(t, check)
			return
		}
		check(t)
	})
}

// rule is one thing that a store must do.
type rule struct {
	name  string
	check func(*env)
}

// env is what a rule works with. Its helpers fail the test on errors that the rule does not
// expect.
type env struct {
	*testing.T
	store slot.Store
}

var serial atomic.Int64

// runs keeps the targets of two runs apart in a store that outlives them.
var runs = time.Now().UnixNano()

// target returns the name of a target that nobody has asked about.
func (e *env) target() string {
	return fmt.Sprintf("https://%d.%d.example.com:443", serial.Add(1), runs)
}

func (e *env) ask(target string, r book.Rules, a book.Ask) book.Answer {
	e.Helper()
	ctx, cancel := context.WithTimeout(e.Context(), patience)
	defer cancel()
	answer, err := e.store.Ask(ctx, target, r, a)
	if err != nil {
		e.Fatalf("Ask: %v", err)
	}
	return answer
}

// outage takes a target down.
func (e *env) outage(target string) book.Answer {
	e.Helper()
	answer := e.ask(target, book.Rules{}, book.Ask{Old: book.Tally{Failed: 100}})
	if answer.Mode != book.Down {
		e.Fatalf("after 100 failures and no success the target is %v, want down", answer.Mode)
	}
	return answer
}

// eventually waits until check holds.
func (e *env) eventually(what string, check func() bool) {
	e.Helper()
	for end := time.Now().Add(patience); !check(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			e.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// within fails the test when do does not return.
func (e *env) within(what string, do func() error) error {
	e.Helper()
	returned := make(chan error, 1)
	go func() { returned <- do() }()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case err := <-returned:
		return err
	case <-timeout.C:
		e.Fatalf("%s does not return within %v", what, patience)
		return nil
	}
}
