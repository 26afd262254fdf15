package skew

import (
	"fmt"
	"syscall"
	"time"
)

// kernelError is how far off the operating system's clock may be.
func kernelError() (time.Duration, error) {
	var t syscall.Timex // Modes is 0: only read
	state, err := syscall.Adjtimex(&t)
	if err != nil {
		return 0, fmt.Errorf("skew: adjtimex: %w", err)
	}
	return statedError(state, &t)
}

// statedError is what adjtimex(2) says. While a leap second is announced or goes on, nobody
// knows on which side of it the true time is.
func statedError(state int, t *syscall.Timex) (time.Duration, error) {
	const (
		leapFirst, leapLast = 1, 3 // TIME_INS, TIME_DEL, TIME_OOP
		timeError           = 5    // TIME_ERROR
		unsynchronized      = 0x40 // STA_UNSYNC
	)
	if state == timeError || t.Status&unsynchronized != 0 {
		return 0, ErrUnsynchronized
	}
	most := time.Duration(t.Maxerror) * time.Microsecond
	if leapFirst <= state && state <= leapLast {
		most += time.Second
	}
	return most, nil
}
