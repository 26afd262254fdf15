package child

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"sync"
)

// Process is one run of a child.
type Process struct {
	Say *json.Encoder // its input, after the task
	Out *json.Decoder // what it says

	cmd    *exec.Cmd
	in     io.Closer
	end    sync.Once
	killed bool // by its keeper, whose lock guards it
}

// Start starts the program with a role of [Main], and tells it its task.
func Start(role string, task any) (*Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self) //nolint:noctx // it ends when its input does
	cmd.Env = append(os.Environ(), roleEnv+"="+role)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = DieWithParent()
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{Say: json.NewEncoder(in), Out: json.NewDecoder(out), cmd: cmd, in: in}
	// A child that has ended by now is noticed by who hears it.
	_ = p.Say.Encode(task)
	return p, nil
}

// Kill ends the child, however it is, and waits until it is gone. It may be called again.
func (p *Process) Kill() {
	p.end.Do(func() {
		_ = p.in.Close()
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait() // killed is what it shall be
	})
}
