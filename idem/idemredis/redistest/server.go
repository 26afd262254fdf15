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

// Server is a Redis server of a test.
type Server struct {
	t        testing.TB
	dir      string
	port     int
	password string
	lines    []string // of its configuration
	args     []string
	process  *exec.Cmd
	exited   chan struct{} // closed when process has ended
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

// Start starts a server and returns when it answers. It fails the test when it cannot.
func Start(t testing.TB, opts ...Option) *Server {
	t.Helper()
	return start(t, nil, append([]Option{WithConfig(`save ""`, "repl-diskless-sync-delay 0")}, opts...)...)
}

func start(t testing.TB, args []string, opts ...Option) *Server {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Fatalf("redistest: no %s (%v): %s", program, err, install)
	}
	s := &Server{t: t, dir: t.TempDir(), args: args}
	for _, opt := range opts {
		opt(s)
	}
	t.Cleanup(s.end)
	var err error
	for range startTries {
		if err = s.configure(); err != nil {
			break
		}
		if err = s.launch(); err == nil {
			return s
		}
	}
	t.Fatalf("redistest: %v", err)
	return nil
}

// Addr is where the server listens, as host:port.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// Options are for a client of the server.
func (s *Server) Options() *redis.Options {
	return &redis.Options{Addr: s.Addr(), Password: s.password}
}

// Client returns a new client of the server, which the end of the test closes.
func (s *Server) Client() *redis.Client {
	client := redis.NewClient(s.Options())
	s.t.Cleanup(func() { _ = client.Close() })
	return client
}

// Kill ends the server as a power cut would. What it kept on disk stays.
func (s *Server) Kill() {
	s.t.Helper()
	s.end()
}

// Restart kills the server, if it runs, and starts it again on the same port with the same
// configuration. Without persistence it is empty then.
func (s *Server) Restart() {
	s.t.Helper()
	s.end()
	if err := s.launch(); err != nil {
		s.t.Fatalf("redistest: restart: %v", err)
	}
}

// Pause stops the server's process: connections stay, and nothing is answered until
// [Server.Continue].
func (s *Server) Pause() {
	s.t.Helper()
	if err := s.process.Process.Signal(stopSignal); err != nil {
		s.t.Fatalf("redistest: pause: %v", err)
	}
}

// Continue lets a paused server go on.
func (s *Server) Continue() {
	s.t.Helper()
	if err := s.process.Process.Signal(continueSignal); err != nil {
		s.t.Fatalf("redistest: continue: %v", err)
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
	s.process = exec.Command(program, append([]string{s.config()}, s.args...)...) //nolint:noctx // ends with the test
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
