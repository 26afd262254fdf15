package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

var background = context.Background()

// serveVariable makes this program a server: of the file, with a moment to die at.
const serveVariable = "EXACTLYONCE_TEST_SERVE"

func TestMain(m *testing.M) {
	if file, moment, ok := strings.Cut(os.Getenv(serveVariable), "\n"); ok {
		go func() { // the tests end, also when they are killed, and this with them
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		}()
		fmt.Println("error:", child(file, moment))
		return
	}
	goleak.VerifyTestMain(m)
}

// child is main on a free port, which it prints.
func child(file, moment string) error {
	bank, err := open(background, file)
	if err != nil {
		return err
	}
	handler, err := crashing(moment, bank)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	return serve(background, listener, handler)
}

// process is a server in another process.
type process struct {
	cmd *exec.Cmd
	url string
}

// startServer returns when the server listens.
func startServer(file, moment string) process {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveVariable+"="+file+"\n"+moment)
	_, err := cmd.StdinPipe()
	out, failed := cmd.StdoutPipe()
	if err := errors.Join(err, failed, cmd.Start()); err != nil {
		panic(err)
	}
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		panic(err)
	}
	return process{cmd, "http://" + strings.TrimSpace(address)}
}

// wait waits for a server that dies by itself.
func (p process) wait() {
	var exit *exec.ExitError
	if err := p.cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		panic(fmt.Sprint("the server did not die as it should: ", err))
	}
}

func (p process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // it was killed
}

// A commit that was acknowledged must survive a power cut, which a test cannot make.
func TestCommitsReachTheDisk(t *testing.T) {
	t.Parallel()
	bank, err := open(t.Context(), filepath.Join(t.TempDir(), "bank.db"))
	if err != nil {
		t.Fatal(err)
	}
	var synchronous int
	err = bank.db.QueryRow("PRAGMA synchronous").Scan(&synchronous)
	if err := errors.Join(err, bank.db.Close()); err != nil || synchronous < 2 {
		t.Errorf("synchronous is %d (%v), want 2, which is FULL", synchronous, err)
	}
}

// Interrupted, the server lets a transfer end that is under way.
func TestServesUntilInterrupted(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		interrupt()
		for { // until nobody else gets in
			conn, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				break
			}
			_ = conn.Close()
			time.Sleep(time.Millisecond)
		}
		w.WriteHeader(http.StatusCreated)
	})
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, listener, slow) }()
	if got := post("http://"+listener.Addr().String(), "ada", "rent", "grace", "500"); !strings.HasPrefix(got, "201") {
		t.Errorf("got %s", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestCrashRefusesOtherMoments(t *testing.T) {
	t.Parallel()
	if _, err := crashing("never", nil); err == nil || !strings.Contains(err.Error(), "-crash never: must be") {
		t.Errorf("got %v", err)
	}
}
