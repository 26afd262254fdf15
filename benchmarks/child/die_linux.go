package child

import "syscall"

// DieWithParent ends a process also when the one that started it is killed, on Linux.
func DieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
