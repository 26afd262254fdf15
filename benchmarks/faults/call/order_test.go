package call_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/goaroundhq/goaround/benchmarks/faults/call"
)

// A process that is started again must come with the same keys, and no other order may.
func TestOrders(t *testing.T) {
	t.Parallel()
	start := time.Now()
	names, keys, long := map[string]int{}, map[string]bool{}, 0
	for number := range 2000 {
		o := call.NewOrder(7, start, number)
		if again := call.NewOrder(7, start, number); again != o {
			t.Fatalf("order %d is %v and then %v", number, o, again)
		}
		if before, ok := names[o.Name()]; ok {
			t.Fatalf("orders %d and %d are both %s", before, number, o.Name())
		}
		names[o.Name()], keys[o.Key] = number, true
		if call.Long(o.Name()) {
			long++
			if o.Deadline != 10*time.Second {
				t.Errorf("an order that takes long has %v for it", o.Deadline)
			}
		}
		id, err := uuid.Parse(o.Key)
		if err != nil || id.Version() != 7 || id.Variant() != uuid.RFC4122 {
			t.Fatalf("key %s: version %d, variant %v, %v, want a UUIDv7", o.Key, id.Version(), id.Variant(), err)
		}
		made := time.Unix(id.Time().UnixTime())
		if off := made.Sub(start); off < -21*time.Hour || off > 4*time.Minute {
			t.Errorf("key %s is of a clock that is off by %v", o.Key, off)
		}
	}
	if long < 15 || long > 90 {
		t.Errorf("%d of 2000 orders take long, want about one in fifty", long)
	}
	if len(keys) == len(names) {
		t.Error("no key is shared by tenants")
	}
	if call.NewOrder(7, start, 1) == call.NewOrder(8, start, 1) {
		t.Error("runs of two seeds have the same orders")
	}
}
