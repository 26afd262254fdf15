package idemseal_test

import (
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemseal"
)

func BenchmarkSeal(b *testing.B) {
	for name, s := range map[string]idem.Store{
		"bare": idem.NewMemory(), "sealed": idemseal.New(idem.NewMemory(), key(1, 'a')),
	} {
		b.Run(name, func(b *testing.B) {
			record := make([]byte, 1<<10)
			id := id
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				id[8], id[9], id[10] = byte(i), byte(i>>8), byte(i>>16)
				result, err := s.Claim(b.Context(), request(id))
				if err != nil || result.State != idem.Acquired {
					b.Fatal(result.State, err)
				}
				if err := s.Complete(b.Context(), result.Claim, nil, record, time.Millisecond); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
