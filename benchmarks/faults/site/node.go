package site

import (
	"errors"
	"syscall"

	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
	"github.com/goaroundhq/goaround/idem/idemsql/drivertest/pgtest"
)

// Node is a server of the store, or the Redis of the pacers. Its methods are for one
// goroutine at a time.
type Node interface {
	Addr() string  // host:port, without relay
	Kill() error   // as kill -9; what it kept on disk stays
	Start() error  // after Kill; returns when it answers
	Pause() error  // nothing is answered, and connections stay
	Resume() error // after Pause
}

var _ Node = (*pgtest.Server)(nil)

// redisNode is a Node of Redis.
type redisNode struct{ *redistest.Server }

func (n redisNode) Kill() error {
	n.Server.Kill()
	return nil
}

func (n redisNode) Pause() error  { return n.Signal(syscall.SIGSTOP) }
func (n redisNode) Resume() error { return n.Signal(syscall.SIGCONT) }

// closeAll closes what was opened.
func closeAll[C interface{ Close() error }](open []C) error {
	var errs []error
	for _, c := range open {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}
