package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func Example() {
	if err := run(context.Background(), "", "", os.Stdout); err != nil {
		panic(err)
	}
	// Output:
	// ada    "monday"   tea       201 order 1: tea
	// ada    "monday"   tea       201 order 1: tea (replayed)
	// grace  "monday"   cake      201 order 2: cake
	// ada    "monday"   coffee    422 key-reused
	// ada    no key     tea       400 key-missing
	// ada    "tuesday"  tea       201 order 3: tea
	// nobody "tuesday"  tea       401
}

// With -addr the program serves until it is interrupted, and that is no error.
func TestServesUntilInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, "127.0.0.1:0", "", in) }()
	var address string
	if _, err := fmt.Fscanf(out, "listening on %s\n", &address); err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post("http://"+address+"/orders", "text/plain", strings.NewReader("tea"))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a stranger gets %s", resp.Status)
	}
	interrupt()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	http.DefaultClient.CloseIdleConnections()
}

// With -redis the keys are still known when the program runs again.
func TestKeysOutliveTheProcess(t *testing.T) {
	addr := redistest.Start(t).Addr()
	var first, second strings.Builder
	if err := errors.Join(run(t.Context(), "", addr, &first), run(t.Context(), "", addr, &second)); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(first.String(), "(replayed)"); got != 1 {
		t.Errorf("%d replays at first, want 1:\n%s", got, &first)
	}
	if got := strings.Count(second.String(), "(replayed)"); got != 4 { // all who have keys, and used them well
		t.Errorf("%d replays in the second run, want 4:\n%s", got, &second)
	}
	if err := run(t.Context(), "", "127.0.0.1:1", io.Discard); err == nil {
		t.Error("a Redis that is not there is no error")
	}
}
