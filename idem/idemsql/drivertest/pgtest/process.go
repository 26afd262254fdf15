package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// poll is how often the server is looked at that is about to start or to end.
const poll = 20 * time.Millisecond

// Start starts a server that was stopped or killed, and returns when it answers.
func (s *Server) Start() error {
	deadline := time.Now().Add(startTimeout)
	for {
		if err := s.launch(); err != nil {
			return err
		}
		for !s.ready() && !s.over() && time.Now().Before(deadline) {
			time.Sleep(poll)
		}
		switch {
		case s.ready():
			return nil
		case time.Now().After(deadline):
			return errors.Join(fmt.Errorf("pgtest: postgres does not answer:\n%s", s.Log()), s.Kill())
		}
		// It gave up, because processes of the server that was killed have not noticed yet.
		time.Sleep(poll)
	}
}

func (s *Server) launch() error {
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	args := append([]string{
		"-D", s.data(), "-p", strconv.Itoa(s.port), "-c", "listen_addresses=127.0.0.1", "-k", s.dir,
		"-c", "fsync=off", "-c", "max_connections=400", "-c", "shared_buffers=32MB",
	}, s.settings...)
	s.cmd = exec.CommandContext(context.Background(), filepath.Join(s.programs, "postgres"), args...)
	s.cmd.Dir, s.cmd.SysProcAttr = s.dir, s.attr
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("pgtest: %w", err)
	}
	s.exited = make(chan struct{})
	go func(cmd *exec.Cmd, exited chan<- struct{}) {
		_ = cmd.Wait() // how it ended is in its log
		close(exited)
	}(s.cmd, s.exited)
	return nil
}

// ready reports whether the process accepts connections, as it notes in a file itself.
func (s *Server) ready() bool {
	note, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	lines := strings.Fields(string(note))
	return err == nil && len(lines) > 1 && lines[0] == strconv.Itoa(s.cmd.Process.Pid) && lines[len(lines)-1] == "ready"
}

func (s *Server) over() bool {
	select {
	case <-s.exited:
		return true
	default:
		return false
	}
}

// Kill ends the server as a power cut would: no process of it gets to do anything more.
func (s *Server) Kill() error {
	s.freeze()
	for _, pid := range s.processes() {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may be over already
	}
	<-s.exited
	return nil
}

// Pause makes the server and its connections hang, until Resume.
func (s *Server) Pause() error {
	s.freeze()
	return s.signal(syscall.SIGSTOP)
}

// freeze stops the process that starts the others, so that all of them are found: one that
// was started while they were counted would go on.
func (s *Server) freeze() {
	_ = s.cmd.Process.Signal(syscall.SIGSTOP) // it may be over already
	for end := time.Now().Add(time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if state, _, err := look(s.cmd.Process.Pid); err != nil || state == "T" || state == "Z" {
			return
		}
	}
}

// Resume ends a Pause.
func (s *Server) Resume() error { return s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) error {
	for _, pid := range s.processes() {
		if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("pgtest: signal: %w", err)
		}
	}
	return nil
}

// processes are those of the server, the one that starts the others first.
func (s *Server) processes() []int {
	postmaster := s.cmd.Process.Pid
	pids := []int{postmaster}
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		pid, err := strconv.Atoi(filepath.Base(folder))
		if err != nil {
			continue
		}
		if _, parent, err := look(pid); err == nil && parent == postmaster { // it may be over
			pids = append(pids, pid)
		}
	}
	return pids
}

// look returns the state of a process, and its parent.
func look(pid int) (state string, parent int, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0, err
	}
	// pid (name) state parent ..., where the name may be anything
	_, rest, _ := strings.Cut(string(stat), ") ")
	_, err = fmt.Sscan(rest, &state, &parent)
	return state, parent, err
}

// Close ends the server and removes its files.
func (s *Server) Close() error {
	// Not a slow shutdown: what the files hold is of no use to anybody.
	return errors.Join(s.Resume(), s.Kill(), os.RemoveAll(s.dir))
}
