package child

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
)

// process is one run of a child.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *json.Decoder
	killed bool // by us
}

func start(role string, task any) (*process, error) {
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
	// A child that is killed before it has read its task is started again with another.
	_ = json.NewEncoder(in).Encode(task)
	return &process{cmd: cmd, in: in, out: json.NewDecoder(out)}, nil
}
