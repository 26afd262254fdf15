package idemcache_test

import (
	"context"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemcache"
)

func BenchmarkRecall(b *testing.B) {
	s := idemcache.New(idem.NewMemory())
	r := request("key")
	result, err := s.Claim(b.Context(), r)
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Complete(b.Context(), result.Claim, nil, make([]byte, 1<<10), time.Hour); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := s.Recall(r.ID); !ok {
			b.Fatal("nothing is recalled")
		}
	}
}

// What the cache adds to a first run, which is two steps at the store.
func BenchmarkFirstRun(b *testing.B) {
	for name, s := range map[string]idem.Store{"bare": idem.NewMemory(), "cached": idemcache.New(idem.NewMemory())} {
		b.Run(name, func(b *testing.B) {
			record := make([]byte, 1<<10)
			r := request("key")
			ctx := context.Background()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				r.ID[8], r.ID[9], r.ID[10] = byte(i), byte(i>>8), byte(i>>16)
				result, err := s.Claim(ctx, r)
				if err != nil || result.State != idem.Acquired {
					b.Fatal(result.State, err)
				}
				if err := s.Complete(ctx, result.Claim, nil, record, time.Millisecond); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
