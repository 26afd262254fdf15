package slot_test

import (
	"math"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/slot"
)

func TestFullJitterCeiling(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		backoff slot.FullJitter
		attempt int
		want    time.Duration
	}{
		{"zero value, first", slot.FullJitter{}, 1, slot.DefaultBase},
		{"zero value, second", slot.FullJitter{}, 2, 2 * slot.DefaultBase},
		{"zero value, seventh is the last below the cap", slot.FullJitter{}, 7, 6400 * time.Millisecond},
		{"zero value, eighth reaches the cap", slot.FullJitter{}, 8, slot.DefaultMax},
		{"far beyond the cap", slot.FullJitter{}, math.MaxInt, slot.DefaultMax},
		{"attempt 0 counts as the first", slot.FullJitter{}, 0, slot.DefaultBase},
		{"negative attempt counts as the first", slot.FullJitter{}, -3, slot.DefaultBase},
		{"base above max", slot.FullJitter{Base: time.Minute, Max: time.Second}, 1, time.Second},
		{"no overflow near the end of int64", slot.FullJitter{Base: math.MaxInt64 - 1, Max: math.MaxInt64}, 3, math.MaxInt64},
		{"negative fields mean the defaults", slot.FullJitter{Base: -1, Max: -1}, 1, slot.DefaultBase},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.backoff.Ceiling(tt.attempt); got != tt.want {
				t.Errorf("Ceiling(%d) = %v, want %v", tt.attempt, got, tt.want)
			}
		})
	}
}

// The wait must use the whole range: a jitter that bunches up brings the herd
// back together.
func TestFullJitterFillsItsRange(t *testing.T) {
	t.Parallel()
	f := slot.FullJitter{Base: 80 * time.Millisecond, Max: time.Second}
	const bins, draws = 8, 8000
	var count [bins]int
	for range draws {
		d := f.Delay(1)
		if d < 0 || d > f.Ceiling(1) {
			t.Fatalf("Delay = %v, outside [0, %v]", d, f.Ceiling(1))
		}
		count[min(int(d*bins/f.Ceiling(1)), bins-1)]++
	}
	for i, n := range count {
		// 1000 expected, standard deviation 30: 10 deviations away is no chance.
		if n < 700 || n > 1300 {
			t.Errorf("bin %d holds %d of %d draws, want about %d", i, n, draws, draws/bins)
		}
	}
}

func TestFullJitterWithoutEnd(t *testing.T) {
	t.Parallel()
	if d := (slot.FullJitter{Base: time.Second, Max: math.MaxInt64}).Delay(math.MaxInt); d < 0 {
		t.Errorf("Delay = %v", d)
	}
}
