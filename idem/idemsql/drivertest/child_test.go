package drivertest

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Some tests need another process, to race with or to kill. It is this program, which
// runs a function of children instead of the tests.
var children = map[string]func(ctx context.Context, args []string) error{
	"race":   race,
	"charge": charge,
}

const childVariable = "IDEMSQL_TEST_CHILD"

// runChild runs the function that this process is for, if it is a child.
func runChild() bool {
	args := strings.Split(os.Getenv(childVariable), "\n")
	run, ok := children[args[0]]
	if !ok {
		return false
	}
	if err := run(context.Background(), args[1:]); err != nil {
		fmt.Println("error:", err)
	}
	return true
}

// child is a running process and what it prints.
type child struct {
	*exec.Cmd
	out *bufio.Scanner
}

func startChild(t *testing.T, args ...string) child {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+strings.Join(args, "\n"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return child{cmd, bufio.NewScanner(out)}
}

// says waits for a line that the process prints.
func (c child) says(t *testing.T, want string) {
	t.Helper()
	for c.out.Scan() {
		if c.out.Text() == want {
			return
		}
		t.Logf("child: %s", c.out.Text())
	}
	t.Fatalf("the other process ended without saying %q", want)
}
