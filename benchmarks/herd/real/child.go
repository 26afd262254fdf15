package real

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
)

// roleEnv names what the program is when it starts itself.
const roleEnv = "GOAROUND_HERD_ROLE"

// Child is whether the program is a child of a run. If so it has done its work.
func Child() bool {
	roles := map[string]func(in *json.Decoder, out *json.Encoder) error{"server": serve, "client": call}
	role, ok := roles[os.Getenv(roleEnv)]
	if !ok {
		return false
	}
	if err := role(json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)); err != nil {
		fmt.Fprintln(os.Stderr, "herd:", err)
		os.Exit(1)
	}
	return true
}

// child is the program, started again. It speaks JSON with its parent, and ends when its
// input does, so that none is left when the parent is killed.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	say *json.Encoder
	out *json.Decoder

	end sync.Once
}

func startChild(role string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self) //nolint:noctx // it ends when its input does
	cmd.Env = append(os.Environ(), roleEnv+"="+role)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = dieWithParent()
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
	return &child{cmd: cmd, in: in, say: json.NewEncoder(in), out: json.NewDecoder(out)}, nil
}

// kill ends the child, however it is.
func (c *child) kill() {
	c.end.Do(func() {
		_ = c.in.Close()
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait() // killed is what it shall be
	})
}
