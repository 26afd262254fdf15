package sim

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// What happens at the same time happens in the order in which it was asked for.
func TestLoopOrder(t *testing.T) {
	t.Parallel()
	type happened struct {
		at    time.Duration
		asked int
	}
	var l Loop
	var got []happened
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 1000 {
		l.At(time.Duration(rng.IntN(50)), func() { got = append(got, happened{l.Now(), i}) })
	}
	l.Run(time.Second)
	inOrder := slices.IsSortedFunc(got, func(a, b happened) int {
		if a.at != b.at {
			return int(a.at - b.at)
		}
		return a.asked - b.asked
	})
	if len(got) != 1000 || !inOrder {
		t.Errorf("%d of 1000 happened, in order: %v", len(got), inOrder)
	}
}

func TestLoopNeverGoesBack(t *testing.T) {
	t.Parallel()
	var l Loop
	var at []time.Duration
	l.At(time.Second, func() {
		l.At(0, func() { at = append(at, l.Now()) })
		l.After(-time.Second, func() { at = append(at, l.Now()) })
		l.After(time.Hour, func() { t.Error("ran after the end") })
	})
	l.Run(time.Minute)
	if want := []time.Duration{time.Second, time.Second}; !slices.Equal(at, want) {
		t.Errorf("ran at %v, want %v", at, want)
	}
}
