package skew_test

import (
	"testing"
	"time"

	"github.com/goaroundhq/goaround/skew"
)

func synced(tb testing.TB, opts ...skew.Option) *skew.Clock {
	tb.Helper()
	c := skew.New(append(opts, skew.WithSources(skew.Fixed(time.Second, time.Millisecond)))...)
	if _, err := c.Sync(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return c
}

// BenchmarkClock compares a reading with the look at the operating system's clock that is
// in it.
func BenchmarkClock(b *testing.B) {
	c := synced(b)
	b.Run("bare", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			time.Now()
		}
	})
	b.Run("Read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.Read()
		}
	})
	b.Run("Now", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.Now()
		}
	})
}
