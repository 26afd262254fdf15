package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// process is the server, as this one sees it.
type process struct {
	url string
	cmd *exec.Cmd
	in  io.WriteCloser
	say *json.Encoder
	out *json.Decoder
}

func startServer(task serverTask) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(task)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self) //nolint:noctx // it ends when its input does
	cmd.Env = append(os.Environ(), serverEnv+"="+string(text))
	cmd.Stderr = os.Stderr
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
	p := &process{cmd: cmd, in: in, say: json.NewEncoder(in), out: json.NewDecoder(out)}
	if err := p.out.Decode(&p.url); err != nil {
		p.stop()
		return nil, fmt.Errorf("the server does not say where it is: %w", err)
	}
	return p, nil
}

// sample asks the server for one.
func (p *process) sample() (s sample, err error) {
	if err = p.say.Encode(true); err == nil {
		err = p.out.Decode(&s)
	}
	if err != nil {
		err = fmt.Errorf("server: %w", err)
	}
	return s, err
}

func (p *process) stop() {
	_ = p.in.Close()
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // killed is what it shall be
}
