package serve

import (
	"fmt"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/faults/call"
)

// Long orders outlive their leases where these are extended, and the others are quick.
func TestHabits(t *testing.T) {
	t.Parallel()
	const lease = time.Second
	for guarantee, extends := range map[Guarantee]bool{AtMostOnce: true, ExactlyOnce: true, Naive: false} {
		s := &service{task: Task{Guarantee: guarantee, Lease: lease}}
		outlive := 0
		for i := range 2000 {
			name := fmt.Sprint("order ", i)
			before, after, leaves := s.habits(name)
			if after >= lease {
				outlive++
				if !call.Long(name) || leaves || after < lease*6/5 || after > 2*lease {
					t.Errorf("%s works for %v after its effect, leaves: %t", name, after, leaves)
				}
			}
			if before > 5*time.Millisecond || after > 5*time.Millisecond && (!call.Long(name) || !extends) {
				t.Errorf("%s works for %v and %v", name, before, after)
			}
		}
		if extends != (outlive > 0) {
			t.Errorf("%s: %d orders outlive their leases", guarantee, outlive)
		}
	}
}
