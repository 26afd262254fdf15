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
		fmt.Println("error:", serve(file, moment))
		return
	}
	goleak.VerifyTestMain(m)
}

// serve is main on a free port, which it prints.
func serve(file, moment string) error {
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
	s := http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	return s.Serve(listener)
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

func TestCrashRefusesOtherMoments(t *testing.T) {
	t.Parallel()
	if _, err := crashing("never", nil); err == nil || !strings.Contains(err.Error(), "-crash never: must be") {
		t.Errorf("got %v", err)
	}
}
