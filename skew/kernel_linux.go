package skew

import (
	"fmt"
	"syscall"
	"time"
)

// kernelError is how far off the operating system's clock may be.
func kernelError() (time.Duration, error) {
	const (
		unsynchronized = 0x40 // STA_UNSYNC
		timeError      = 5    // TIME_ERROR
	)
	var t syscall.Timex // Modes is 0: only read
	state, err := syscall.Adjtimex(&t)
	if err != nil {
		return 0, fmt.Errorf("skew: adjtimex: %w", err)
	}
	if state == timeError || t.Status&unsynchronized != 0 {
		return 0, ErrUnsynchronized
	}
	return time.Duration(t.Maxerror) * time.Microsecond, nil
}
