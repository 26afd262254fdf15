package pgtest

import "syscall"

// dieWithParent ends the process when a test ends that had no time to clean up.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT} }
