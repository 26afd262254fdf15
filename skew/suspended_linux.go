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
	awake, ok1 := clock(monotonic)
	all, ok2 := clock(boottime)
	return all - awake, ok1 && ok2
}

func clock(id uintptr) (d time.Duration, ok bool) {
	var ts syscall.Timespec
	_, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, id, uintptr(unsafe.Pointer(&ts)), 0)
	return time.Duration(ts.Nano()), errno == 0
}
