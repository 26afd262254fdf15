package main

import (
	"context"
	"errors"
	"testing"

	"go.uber.org/goleak"

	"github.com/goaroundhq/goaround/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Callers who leave do not open a breaker, and failures do.
func TestBreakersCountFailuresOnly(t *testing.T) {
	for name, b := range map[string]transport.Breaker{"gobreaker": newGobreaker("a"), "failsafe": newFailsafe("a")} {
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
