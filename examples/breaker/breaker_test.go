package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/goaroundhq/goaround/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Callers who leave do not end a row of failures either.
func TestRowsOfFailuresOpen(t *testing.T) {
	for name, b := range breakers() {
		broken := errors.New("broken")
		for _, err := range []error{broken, broken, broken, broken, broken, context.Canceled, broken} {
			done, refused := b.Allow()
			if refused != nil {
				t.Fatalf("%s is open too early", name)
			}
			done(err)
		}
		if _, refused := b.Allow(); refused == nil {
			t.Errorf("%s, after six failures and a caller who left: not open", name)
		}
	}
}

// A breaker that was open lets one request through, and opens again when that fails.
func TestOneRequestTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, b := range breakers() {
			done, refused := trial(t, b)
			if _, second := b.Allow(); refused != nil || second == nil {
				t.Fatalf("%s: the first is refused (%v), or the second is not", name, refused)
			}
			done(errors.New("broken"))
			if _, refused := b.Allow(); refused == nil {
				t.Errorf("%s is not open after the trial failed", name)
			}
		}
	})
}

// A trial whose caller leaves is over all the same: there will be another.
func TestTrialMayBeLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, b := range breakers() {
			done, refused := trial(t, b)
			if refused != nil {
				t.Fatalf("%s: %v", name, refused)
			}
			done(context.Canceled)
			time.Sleep(pause + 1)
			if _, refused := b.Allow(); refused != nil {
				t.Errorf("%s: %v", name, refused)
			}
		}
	})
}

// trial is the first request of a breaker that was open.
func trial(t *testing.T, b transport.Breaker) (done func(error), refused error) {
	t.Helper()
	for range 6 {
		done, refused := b.Allow()
		if refused != nil {
			t.Fatal(refused)
		}
		done(errors.New("broken"))
	}
	time.Sleep(pause + 1)
	return b.Allow()
}

func breakers() map[string]transport.Breaker {
	return map[string]transport.Breaker{"gobreaker": newGobreaker("a"), "failsafe": newFailsafe("a")}
}

// Callers who leave do not open a breaker, and failures do.
func TestBreakersCountFailuresOnly(t *testing.T) {
	for name, b := range breakers() {
		for _, err := range []error{context.Canceled, errors.New("broken")} {
			open := false
			for range 10 {
				done, refused := b.Allow()
				if refused != nil {
					open = true
					break
				}
				done(err)
			}
			if want := !errors.Is(err, context.Canceled); open != want {
				t.Errorf("%s, after ten of %q: open %v, want %v", name, err, open, want)
			}
		}
	}
}
