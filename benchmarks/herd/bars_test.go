package main

import (
	"testing"

	"github.com/goaroundhq/goaround/benchmarks/herd/rivals"
)

// unlucky is how much worse than the bar a single stream may be, as a factor. Where some
// have no store, one of those may be refused late, and then wait by jitter for up to 10 s:
// as long as the whole ideal drain.
func unlucky(b bar) float64 {
	if b.of.Storeless > 0 {
		return 2
	}
	return 1.2
}

// What the pacer has to show, it shows.
func TestBars(t *testing.T) {
	t.Parallel()
	all, err := hold(t.Context(), bars(), options{streams: 10, seed: 1}.seeds(0, rivals.Main()))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range all {
		if !kept(h.median, h.most) || h.worst > h.most*unlucky(h.bar) {
			t.Errorf("%s: %s: %s is %.2f, and %.2f in the worst stream; want %.2f", h.of.Name, h.strategy, h.what, h.median, h.worst, h.most)
		}
	}
}
