package skew_test

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/skew"
)

// Around a leap second the kernel's clock may be on the other side of it.
func TestKernelStates(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		state int
		timex syscall.Timex
		want  time.Duration
		err   error
	}{
		{"in order", 0, syscall.Timex{Maxerror: 1500}, 1500 * time.Microsecond, nil},
		{"leap second to come", 1, syscall.Timex{Maxerror: 1500}, time.Second + 1500*time.Microsecond, nil},
		{"leap second to go", 2, syscall.Timex{}, time.Second, nil},
		{"leap second goes on", 3, syscall.Timex{}, time.Second, nil},
		{"leap second is over", 4, syscall.Timex{}, 0, nil},
		{"error", 5, syscall.Timex{}, 0, skew.ErrUnsynchronized},
		{"nobody disciplines it", 0, syscall.Timex{Status: 0x40}, 0, skew.ErrUnsynchronized},
	} {
		got, err := skew.StatedError(tt.state, &tt.timex)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%s: %v, %v, want %v, %v", tt.name, got, err, tt.want, tt.err)
		}
	}
}
