package skew

import (
	"syscall"
	"time"
	"unsafe"
)

// suspended is how long the machine has slept since it was booted: the one clock that runs
// on in sleep less the one that does not (clock_gettime(2)).
func suspended() (d time.Duration, ok bool) {
	const monotonic, boottime = 1, 7
	const tries, atOnce = 5, time.Millisecond
	for range tries { // until nothing came in between
		before, ok1 := clock(monotonic)
		all, ok2 := clock(boottime)
		after, ok3 := clock(monotonic)
		d, ok = all-before, ok1 && ok2 && ok3
		if after-before < atOnce {
			break
		}
	}
	return d, ok
}

func clock(id uintptr) (d time.Duration, ok bool) {
	var ts syscall.Timespec
	_, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, id, uintptr(unsafe.Pointer(&ts)), 0)
	return time.Duration(ts.Nano()), errno == 0
}
