package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// startTimeout bounds how long a server may take until it answers, on a busy machine and
// after a crash.
const startTimeout = 60 * time.Second

// Server is a PostgreSQL server. Its methods are for one goroutine at a time.
type Server struct {
	programs string // the directory of initdb and postgres
	dir      string // of the server's files
	port     int
	settings []string
	attr     *syscall.SysProcAttr

	cmd    *exec.Cmd
	exited chan struct{} // closed when cmd has
}

// Option configures a [Server].
type Option func(*Server)

// WithSetting sets a parameter of postgresql.conf.
func WithSetting(name, value string) Option {
	return func(s *Server) { s.settings = append(s.settings, "-c", name+"="+value) }
}

// WithDurability makes the server write to the disk before it acknowledges a commit, as it
// does by default outside of tests.
func WithDurability() Option { return WithSetting("fsync", "on") }

// Start runs a server until the test is over.
func Start(t testing.TB, opts ...Option) *Server {
	t.Helper()
	s, err := Open(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Open runs a server until Close, for a TestMain.
func Open(opts ...Option) (*Server, error) {
	programs, err := findPrograms()
	if err != nil {
		return nil, err
	}
	attr, err := attributes()
	if err != nil {
		return nil, err
	}
	// Not t.TempDir: its path may be too long for a socket.
	dir, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, err
	}
	s := &Server{programs: programs, dir: dir, attr: attr}
	for _, opt := range opts {
		opt(s)
	}
	if err := s.initialize(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

// initialize makes the server's files.
func (s *Server) initialize() error {
	if c := s.attr.Credential; c != nil {
		if err := os.Chown(s.dir, int(c.Uid), int(c.Gid)); err != nil {
			return err
		}
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	s.port = port
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(s.programs, "initdb"),
		"--pgdata", s.data(), "--username", "postgres", "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync")
	cmd.Dir, cmd.SysProcAttr = s.dir, s.attr
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pgtest: initdb: %w\n%s", err, out)
	}
	return nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// URL is where the server's database is, for pgx and for lib/pq.
func (s *Server) URL() string { return URL(s.Addr()) }

// URL is that of the database of a server behind addr, which may be a proxy's.
func URL(addr string) string { return "postgres://postgres@" + addr + "/postgres?sslmode=disable" }

// Addr is the server's host and port, which it keeps when it is started again.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// Log returns what the server has written.
func (s *Server) Log() string {
	text, err := os.ReadFile(s.logFile())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (s *Server) logFile() string { return filepath.Join(s.dir, "log") }

func freePort() (int, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}
