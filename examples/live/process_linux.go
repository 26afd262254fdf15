package main

import "syscall"

// dieWithParent ends a child also when this program is killed. It has a group of its own, so
// that Ctrl-C leaves it to us.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
