package redistest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	program = "redis-server"
	install = "apt-get install -y redis-server redis-sentinel"
	// startTime is how long a server may take to answer, on a very busy machine.
	startTime = 30 * time.Second
	// startTries is how often another port is tried, when somebody else took the first.
	startTries = 5
)

// Server is a Redis server. Its methods are for one goroutine at a time, but for
// [Server.Client].
type Server struct {
	t        failing
	dir      string
	port     int
	password string
	lines    []string // of its configuration
	args     []string
	process  *exec.Cmd
	exited   chan struct{} // closed when process has ended
	clients  clients
}

// Option configures a server.
type Option func(*Server)

// WithConfig adds lines to the server's configuration, such as "maxmemory 100mb". The
// default is a server without persistence.
func WithConfig(lines ...string) Option {
	return func(s *Server) { s.lines = append(s.lines, lines...) }
}

// WithAOF keeps what the server was told in an append-only file, which is written before
// each answer, so that it is there again after [Server.Kill] and [Server.Restart].
func WithAOF() Option { return WithConfig("appendonly yes", "appendfsync always") }

// WithPassword makes the server ask for a password, which [Server.Client] gives.
func WithPassword(password string) Option {
	return func(s *Server) {
		s.password = password
		s.lines = append(s.lines, "requirepass "+password, "masterauth "+password)
	}
}

// Start runs a server until the test is over, and returns when it answers. It fails the
// test when it cannot.
func Start(t testing.TB, opts ...Option) *Server {
	t.Helper()
	s, err := Open(opts...)
	if err != nil {
		t.Fatal(err)
	}
	s.endWith(t)
	return s
}

// Open runs a server until Close, for a program that is no test.
func Open(opts ...Option) (*Server, error) {
	return open(nil, append([]Option{WithConfig(`save ""`, "repl-diskless-sync-delay 0")}, opts...)...)
}

func open(args []string, opts ...Option) (*Server, error) {
	if _, err := exec.LookPath(program); err != nil {
		return nil, fmt.Errorf("redistest: no %s (%w): %s", program, err, install)
	}
	dir, err := os.MkdirTemp("", "redistest")
	if err != nil {
		return nil, err
	}
	s := &Server{t: noTest{}, dir: dir, args: args}
	for _, opt := range opts {
		opt(s)
	}
	for range startTries {
		if err = s.configure(); err != nil {
			break
		}
		if err = s.launch(); err == nil {
			return s, nil
		}
	}
	return nil, errors.Join(fmt.Errorf("redistest: %w", err), s.Close())
}

// endWith makes the server one of the test.
func (s *Server) endWith(t testing.TB) {
	s.t = t
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// Close ends the server, removes its files and closes its clients.
func (s *Server) Close() error {
	s.end()
	s.clients.close()
	return os.RemoveAll(s.dir)
}

// Addr is where the server listens, as host:port.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// Options are for a client of the server.
func (s *Server) Options() *redis.Options {
	return &redis.Options{Addr: s.Addr(), Password: s.password}
}

// Client returns a new client of the server, which ends with the server.
func (s *Server) Client() *redis.Client {
	client := redis.NewClient(s.Options())
	s.clients.add(client)
	return client
}

// Kill ends the server as a power cut would. What it kept on disk stays.
func (s *Server) Kill() { s.end() }

// Start starts a server that was killed, on the same port and with the same configuration,
// and returns when it answers. Without persistence it is empty then.
func (s *Server) Start() error {
	if err := s.launch(); err != nil {
		return fmt.Errorf("redistest: start: %w", err)
	}
	return nil
}

// Restart kills the server, if it runs, and starts it again as [Server.Start] does. When
// that fails the test does, or whoever opened the server without one panics.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	if err := s.Start(); err != nil {
		s.t.Fatal(err)
	}
}

// Signal sends a signal to the server's process, such as [syscall.SIGSTOP].
func (s *Server) Signal(sig os.Signal) error {
	if err := s.process.Process.Signal(sig); err != nil {
		return fmt.Errorf("redistest: signal: %w", err)
	}
	return nil
}

// Pause stops the server's process: connections stay, and nothing is answered until
// [Server.Continue]. It fails as [Server.Restart] does.
func (s *Server) Pause() {
	s.t.Helper()
	if err := s.Signal(stopSignal); err != nil {
		s.t.Fatal(err)
	}
}

// Continue lets a paused server go on. It fails as [Server.Restart] does.
func (s *Server) Continue() {
	s.t.Helper()
	if err := s.Signal(continueSignal); err != nil {
		s.t.Fatal(err)
	}
}

// end kills the process and waits until it is gone. It may be called again.
func (s *Server) end() {
	if s.process != nil {
		_ = s.process.Process.Kill() // also when it is paused; it may have ended by itself
		<-s.exited
	}
}

// configure finds a port and writes the configuration. A Sentinel writes into it what it
// has learnt, and finds it there after a restart.
func (s *Server) configure() (err error) {
	if s.port, err = freePort(); err != nil {
		return err
	}
	lines := append([]string{
		"bind 127.0.0.1", "port " + strconv.Itoa(s.port), "dir " + s.dir,
		"daemonize no", "logfile " + s.logFile(),
	}, s.lines...)
	return os.WriteFile(s.config(), []byte(strings.Join(lines, "\n")+"\n"), 0o600)
}

func (s *Server) config() string { return filepath.Join(s.dir, "redis.conf") }

// launch starts the process and waits until it answers.
func (s *Server) launch() error {
	if err := os.Remove(s.logFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	s.process = exec.Command(program, append([]string{s.config()}, s.args...)...) //nolint:noctx // Close ends it
	s.process.SysProcAttr = dieWithParent()
	if err := s.process.Start(); err != nil {
		return err
	}
	process, exited := s.process, make(chan struct{})
	s.exited = exited
	go func() {
		defer close(exited)
		_ = process.Wait() // it was killed
	}()
	return s.answers()
}

// ready are the words in the log of a server, or of a Sentinel, that has its port and has
// loaded what it had on disk.
var ready = []string{"Ready to accept connections", "+monitor master"}

// answers returns nil when this process has the port. It looks at the log, because another
// process may answer on the port, and because a test may forbid the server to answer what
// could be asked.
func (s *Server) answers() error {
	return eventually(startTime, func(context.Context) error {
		log := s.log()
		if slices.ContainsFunc(ready, func(words string) bool { return strings.Contains(log, words) }) {
			return nil
		}
		err := fmt.Errorf("%s on port %d is not ready: %s", program, s.port, log)
		select {
		case <-s.exited:
			return giveUp{err}
		default:
			return err
		}
	})
}

// log returns what this process has logged.
func (s *Server) log() string {
	text, err := os.ReadFile(s.logFile())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (s *Server) logFile() string { return filepath.Join(s.dir, "log") }

// freePort returns a port that is free now, and free as a Cluster bus port too, which is
// 10000 higher.
func freePort() (int, error) {
	for range 100 {
		listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // does not wait
		if err != nil {
			return 0, err
		}
		port := listener.Addr().(*net.TCPAddr).Port
		_ = listener.Close()
		if port > 1<<16-1-busOffset {
			port -= busOffset
		}
		if free(port) && free(port+busOffset) {
			return port, nil
		}
	}
	return 0, fmt.Errorf("no free port")
}

const busOffset = 10000

func free(port int) bool {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))) //nolint:noctx // does not wait
	if err != nil {
		return false
	}
	return listener.Close() == nil
}
