//go:build unix && !linux

package redistest

import "syscall"

const (
	stopSignal     = syscall.SIGSTOP
	continueSignal = syscall.SIGCONT
)

func dieWithParent() *syscall.SysProcAttr { return nil }
