package slot_test

import (
	"testing"

	"github.com/goaroundhq/goaround/slot"
)

// What a success costs, and passing the gate: while nothing has trouble, and while the target
// is remembered.
func BenchmarkQueueClear(b *testing.B) {
	for name, failures := range map[string]int{"nothing remembered": 0, "remembered": 1} {
		q := newQueue(b)
		for range failures {
			q.Report(target, failed)
		}
		b.Run(name+"/Report", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				q.Report(target, success)
			}
		})
		b.Run(name+"/Admit", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := q.Admit(b.Context(), target); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What a decision costs whose books are in this process.
func BenchmarkQueueReserve(b *testing.B) {
	q := newQueue(b, slot.WithInitialRate(1e6))
	b.ReportAllocs()
	for b.Loop() {
		r, err := q.Reserve(b.Context(), target, rejected)
		if err != nil {
			b.Fatal(err)
		}
		r.Cancel()
	}
}
