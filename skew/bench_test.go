package skew_test

import (
	"testing"
	"time"

	"github.com/goaroundhq/goaround/skew"
)

var (
	readingSink skew.Reading
	timeSink    time.Time
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
			timeSink = time.Now()
		}
	})
	b.Run("Read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			readingSink = c.Read()
		}
	})
	b.Run("Now", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			timeSink = c.Now()
		}
	})
}
