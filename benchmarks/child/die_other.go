//go:build !linux

package child

import "syscall"

// DieWithParent is for Linux alone: elsewhere a child ends when its input does.
func DieWithParent() *syscall.SysProcAttr { return nil }
