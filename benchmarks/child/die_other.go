//go:build unix && !linux

package child

import "syscall"

// DieWithParent is for Linux alone. Elsewhere children end when their input does, and other
// programs have to be ended.
func DieWithParent() *syscall.SysProcAttr { return nil }
