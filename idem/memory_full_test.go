package idem_test

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// A store that is full refuses a large record before it has copied it: it is under load already.
func TestMemoryDoesNotCopyWhatItRefuses(t *testing.T) {
	const tries, size = 16, 1 << 20
	s := idem.NewMemory(idem.WithMaxBytes(1 << 16))
	large := make([]byte, size)
	refuse := func(c idem.Claim) {
		t.Helper()
		if err := s.Complete(t.Context(), c, nil, large, time.Minute); !errors.Is(err, idem.ErrFull) {
			t.Fatalf("error = %v, want ErrFull", err)
		}
	}
	r, err := s.Claim(t.Context(), idem.ClaimRequest{ID: randomID(), Owner: idem.NewOwner(), Lease: time.Minute, TTL: time.Minute})
	noError(t, err)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range tries {
		refuse(r.Claim)
		refuse(idem.Claim{ID: randomID(), Owner: idem.NewOwner()}) // whose record is forgotten
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > size {
		t.Errorf("%d bytes allocated to refuse %d records of %d", got, 2*tries, size)
	}
	noError(t, s.Complete(t.Context(), r.Claim, nil, large[:1<<10], time.Minute)) // for which there is room
	noError(t, s.Complete(t.Context(), r.Claim, nil, large, time.Minute))         // which is done
}
