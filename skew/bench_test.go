package skew_test

import (
	"net/http"
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

// BenchmarkDates compares a RoundTripper that is listened to with one that is not.
func BenchmarkDates(b *testing.B) {
	resp := &http.Response{Header: http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}}, Body: http.NoBody}
	bare := roundTripperFunc(func(*http.Request) (*http.Response, error) { return resp, nil })
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "http://api.example.com/", nil)
	if err != nil {
		b.Fatal(err)
	}
	for name, rt := range map[string]http.RoundTripper{"bare": bare, "Step": skew.NewDateSource("dates").Step(bare)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := rt.RoundTrip(req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
