package skew

import (
	"syscall"
	"time"
	"unsafe"
)

// suspended is how long the machine has slept since it was booted: the one clock that runs
// on in sleep less the one that does not (clock_gettime(2)).
func suspended() time.Duration {
	const monotonic, boottime = 1, 7
	return max(clock(boottime)-clock(monotonic), 0)
}

func clock(id uintptr) time.Duration {
	var ts syscall.Timespec
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, id, uintptr(unsafe.Pointer(&ts)), 0); errno != 0 {
		return 0
	}
	return time.Duration(ts.Nano())
}
