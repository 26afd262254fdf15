package child

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"
)

// patience is how long a child may take to end when it was asked to.
const patience = 20 * time.Second

// Keeper keeps a child running: one that was killed is started again, at once. Its methods
// may be called while no child runs, and then do nothing.
type Keeper struct {
	role string

	mu     sync.Mutex
	now    *Process // nil when none runs
	starts int
}

// NewKeeper is for children of a role. None runs yet.
func NewKeeper(role string) *Keeper { return &Keeper{role: role} }

// Run starts a child with the task that it is to have by then, and hears what it says; and so
// again as long as children are killed. It returns when one has ended by itself, which
// children should do when their work is done and when their input ends: so when ctx does.
// Any other end is an error. hear returns at the end of its input.
func (k *Keeper) Run(ctx context.Context, task func() any, hear func(*json.Decoder) error) error {
	for again := true; again; {
		killed, err := k.once(ctx, task(), hear)
		if err != nil {
			return fmt.Errorf("%s: %w", k.role, err)
		}
		again = killed && ctx.Err() == nil
	}
	return nil
}

// once is one child, from start to end.
func (k *Keeper) once(ctx context.Context, task any, hear func(*json.Decoder) error) (killed bool, err error) {
	p, err := Start(k.role, task)
	if err != nil {
		return false, err
	}
	k.set(p)
	ask := context.AfterFunc(ctx, func() {
		_ = p.in.Close() // it may have ended
		time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	})
	defer ask()
	heard := hear(p.Out)
	if heard != nil && !errors.Is(heard, io.EOF) && !errors.Is(heard, io.ErrUnexpectedEOF) {
		p.Kill() // nobody listens to it any more
		k.set(nil)
		return false, heard
	}
	ended := p.cmd.Wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.now = nil
	if p.killed && !p.cmd.ProcessState.Exited() { // one that had ended before the signal came says how
		return true, nil
	}
	return false, ended
}

func (k *Keeper) set(p *Process) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.now = p
	if p != nil {
		k.starts++
	}
}

// Starts is how many children have been started.
func (k *Keeper) Starts() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.starts
}

// Kill ends the child without a warning, and reports whether there was one.
func (k *Keeper) Kill() (hit bool, err error) { return k.signal(syscall.SIGKILL) }

// Stop halts the child in the middle of what it does, until Continue, and reports whether
// there was one.
func (k *Keeper) Stop() (hit bool, err error) { return k.signal(syscall.SIGSTOP) }

// Continue lets a child go on that was stopped.
func (k *Keeper) Continue() error {
	_, err := k.signal(syscall.SIGCONT)
	return err
}

func (k *Keeper) signal(s syscall.Signal) (hit bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.now == nil {
		return false, nil
	}
	switch err := k.now.cmd.Process.Signal(s); {
	case errors.Is(err, os.ErrProcessDone): // by itself, and its end is not to be overlooked
		return false, nil
	case err != nil:
		return false, err
	}
	k.now.killed = k.now.killed || s == syscall.SIGKILL
	return true, nil
}
