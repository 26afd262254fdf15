package child_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/goaroundhq/goaround/benchmarks/child"
)

func TestMain(m *testing.M) {
	if child.Main(map[string]child.Role{"patient": patient, "failing": failing, "done": done}) {
		return
	}
	goleak.VerifyTestMain(m)
}

// patient says its task and then waits to be asked to end.
func patient(in *json.Decoder, out *json.Encoder) error {
	var task int
	if err := in.Decode(&task); err != nil {
		return err
	}
	if err := out.Encode(task); err != nil {
		return err
	}
	if err := in.Decode(new(int)); !errors.Is(err, io.EOF) {
		return errors.New("was told more than its task")
	}
	return nil
}

func failing(*json.Decoder, *json.Encoder) error { return errors.New("as it should") }

func done(_ *json.Decoder, out *json.Encoder) error { return out.Encode(os.Getpid()) }

// hearing puts what children say into a channel.
func hearing(said chan<- int) func(*json.Decoder) error {
	return func(out *json.Decoder) error {
		for {
			var n int
			if err := out.Decode(&n); err != nil {
				return err
			}
			said <- n
		}
	}
}

func TestKilledIsStartedAgain(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	said, ended := make(chan int), make(chan error, 1)
	k := child.NewKeeper("patient")
	if hit, err := k.Kill(); hit || err != nil {
		t.Errorf("killing none: %t, %v", hit, err)
	}
	n := 0
	go func() { ended <- k.Run(ctx, func() any { n++; return n }, hearing(said)) }()
	for want := 1; want <= 3; want++ {
		if got := <-said; got != want {
			t.Errorf("child %d has task %d", want, got)
		}
		if want == 3 {
			break
		}
		// A process that is stopped dies as well.
		stopped, stopping := k.Stop()
		continuing := k.Continue()
		_, again := k.Stop()
		killed, killing := k.Kill()
		if err := errors.Join(stopping, continuing, again, killing); err != nil || !stopped || !killed {
			t.Errorf("stopped %t, killed %t, %v", stopped, killed, err)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if k.Starts() != 3 {
		t.Errorf("%d starts, want 3", k.Starts())
	}
}

func TestEndsByItself(t *testing.T) {
	t.Parallel()
	said := make(chan int, 1)
	k := child.NewKeeper("done")
	if err := k.Run(t.Context(), func() any { return 0 }, hearing(said)); err != nil {
		t.Error(err)
	}
	if pid := <-said; pid == os.Getpid() || k.Starts() != 1 {
		t.Errorf("process %d of %d starts, want another than this one, of 1", pid, k.Starts())
	}
}

// A child that fails without having been killed has found something.
func TestFailsByItself(t *testing.T) {
	t.Parallel()
	err := child.NewKeeper("failing").Run(t.Context(), func() any { return 0 }, hearing(nil))
	if err == nil || !strings.Contains(err.Error(), "exit status 1") {
		t.Errorf("error %v, want its exit status", err)
	}
}

func TestHearingFails(t *testing.T) {
	t.Parallel()
	deaf := errors.New("deaf")
	err := child.NewKeeper("patient").Run(t.Context(), func() any { return 0 }, func(*json.Decoder) error { return deaf })
	if !errors.Is(err, deaf) {
		t.Errorf("error %v, want that of who hears", err)
	}
}

func TestStartedOnce(t *testing.T) {
	t.Parallel()
	p, err := child.Start("patient", 7)
	if err != nil {
		t.Fatal(err)
	}
	var task int
	if err := p.Out.Decode(&task); err != nil || task != 7 {
		t.Errorf("task %d, error %v", task, err)
	}
	p.Kill()
	p.Kill()
	if err := p.Out.Decode(&task); err == nil {
		t.Errorf("says %d when it is gone", task)
	}
}
