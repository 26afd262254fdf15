package main

import (
	"fmt"

	"github.com/goaroundhq/goaround/benchmarks/child"
)

// serverRole is what the program is when it is the server of a run.
const serverRole = "server"

// isServer is whether the program was the server of a run, whose work is done then.
func isServer() bool { return child.Main(map[string]child.Role{serverRole: serve}) }

// process is the server, as this one sees it.
type process struct {
	*child.Process
	url string
}

func startServer(task serverTask) (*process, error) {
	c, err := child.Start(serverRole, task)
	if err != nil {
		return nil, err
	}
	p := &process{Process: c}
	if err := p.Out.Decode(&p.url); err != nil {
		p.Kill()
		return nil, fmt.Errorf("the server does not say where it is: %w", err)
	}
	return p, nil
}

// sample asks the server for one.
func (p *process) sample() (s sample, err error) {
	if err = p.Say.Encode(true); err == nil {
		err = p.Out.Decode(&s)
	}
	if err != nil {
		err = fmt.Errorf("server: %w", err)
	}
	return s, err
}
