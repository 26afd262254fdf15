package child

import "syscall"

// dieWithParent ends a child also when the parent is killed.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
