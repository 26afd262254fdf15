package slot_test

import (
	"fmt"
	"testing"
	"time"

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

// What a decision costs while many are parked.
func BenchmarkQueueReserveBehindMany(b *testing.B) {
	for _, parked := range []int{100, 10_000, 100_000} {
		b.Run(fmt.Sprint(parked), func(b *testing.B) {
			q := newQueue(b, slot.WithStore(newShaky()))
			for range 20 {
				q.Report(target, failed)
			}
			time.Sleep(300 * time.Millisecond) // it is down
			park(b, q, parked)
			b.ReportAllocs()
			for b.Loop() {
				r, err := q.Reserve(b.Context(), target, failed)
				if err != nil {
					b.Fatal(err)
				}
				r.Cancel()
			}
		})
	}
}

// How long all are held up when the store fails under so many parked callers.
func BenchmarkQueueOutage(b *testing.B) {
	for _, parked := range []int{100, 10_000, 100_000} {
		b.Run(fmt.Sprint(parked), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				q := slot.NewQueue(slot.WithStore(newShaky()))
				park(b, q, parked)
				b.StartTimer()
				_ = q.Close() // releases them in the same way
			}
		})
	}
}

func park(b *testing.B, q *slot.Queue, callers int) {
	for range callers {
		if _, err := q.Reserve(b.Context(), target, failed); err != nil {
			b.Fatal(err)
		}
	}
}

// What a failure costs where more targets fail than are remembered.
func BenchmarkQueueManyTargets(b *testing.B) {
	q := newQueue(b)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		q.Report(fmt.Sprint(n), failed)
	}
}
