package skewntp_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// daemon is a chronyd of the test, on a loopback port. It serves the clock of this machine
// and does not touch it.
type daemon struct {
	synced bool   // it says that its clock is right
	lie    string // by how much its clock is wrong, as faketime has it
	limits string // of its patience
}

// start runs it until the test ends, and returns its host and port.
func (d daemon) start(t *testing.T) string {
	t.Helper()
	for range 5 { // somebody else may take the port before
		if addr, runs := d.try(t); runs {
			return addr
		}
	}
	t.Fatal("chronyd ends at once")
	return ""
}

// try runs it on a port that was free, and reports whether it answers.
func (d daemon) try(t *testing.T) (addr string, runs bool) {
	t.Helper()
	program := need(t, "chronyd", "chrony", "/usr/sbin/chronyd", "/usr/local/sbin/chronyd")
	self, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	port, dir := freePort(t), t.TempDir()
	conf := []string{
		fmt.Sprintf("port %d", port), "bindaddress 127.0.0.1", "allow 127.0.0.1",
		"cmdport 0", "bindcmdaddress /", "pidfile " + filepath.Join(dir, "pid"), d.limits,
	}
	if d.synced {
		conf = append(conf, "local stratum 2")
	}
	file := filepath.Join(dir, "chrony.conf")
	if err := os.WriteFile(file, []byte(strings.Join(conf, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, "-x", "-d", "-U", "-F", "0", "-u", self.Username, "-f", file)
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	if d.lie != "" {
		lib := need(t, "libfaketimeMT.so.1", "faketime", "/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1")
		cmd.Env = append(os.Environ(), "LD_PRELOAD="+lib, "FAKETIME="+d.lie, "FAKETIME_DONT_FAKE_MONOTONIC=1")
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var dead sync.WaitGroup
	ended := make(chan struct{})
	dead.Go(func() { _ = cmd.Wait(); close(ended) }) // it is stopped by a signal
	t.Cleanup(func() {
		dead.Wait()
		if t.Failed() {
			t.Logf("chronyd on port %d:\n%s", port, &log)
		}
	})
	addr = fmt.Sprintf("127.0.0.1:%d", port)
	return addr, answersInTime(t, addr, ended)
}

// need finds a program or file of a Debian package.
func need(t *testing.T, name, pkg string, patterns ...string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, pattern := range patterns {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return found[0]
		}
	}
	t.Fatalf("no %s; install it with: apt-get install -y %s", name, pkg)
	return ""
}

func freePort(t *testing.T) int {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	return conn.LocalAddr().(*net.UDPAddr).Port
}

// answersInTime asks as often as it takes, unless chronyd has ended. The answer may be that it
// is not synchronized.
func answersInTime(t *testing.T, addr string, ended <-chan struct{}) bool {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		select {
		case <-ended:
			return false
		default:
		}
		if answers(t, addr) {
			return true
		}
	}
	t.Fatal("chronyd does not answer")
	return false
}

func answers(t *testing.T, addr string) bool {
	t.Helper()
	conn, err := net.Dial("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const pause = 50 * time.Millisecond
	query := make([]byte, 48)
	query[0] = 4<<3 | 3 // version 4, client
	_ = conn.SetDeadline(time.Now().Add(pause))
	if _, err := conn.Write(query); err != nil {
		return false
	}
	if _, err := conn.Read(query); err != nil {
		time.Sleep(pause) // refused: the port is not open yet
		return false
	}
	return true
}
