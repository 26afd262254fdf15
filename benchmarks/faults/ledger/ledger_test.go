package ledger_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/goaroundhq/goaround/benchmarks/faults/ledger"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T) (*ledger.Ledger, *ledger.Client, string) {
	t.Helper()
	folder := t.TempDir()
	l, err := ledger.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	c, err := ledger.Dial(l.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return l, c, folder
}

// A ledger that refused the second effect of a key would hide what it is there to find.
func TestDuplicatesAreCounted(t *testing.T) {
	t.Parallel()
	l, c, folder := open(t)
	for _, run := range []string{"first", "second"} {
		if err := c.Enter(t.Context(), ledger.Entry{Key: "order", Run: run, Fence: 7, PID: 1}); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"first", "second"}
	if runs, err := c.Runs(t.Context(), "order"); err != nil || !slices.Equal(runs, want) {
		t.Errorf("runs %q, %v, want %q", runs, err, want)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if all, err := l.All(); err != nil || !slices.Equal(all["order"], want) {
		t.Errorf("all: %v, %v, want the runs %q of the order", all, err, want)
	}
	text, err := os.ReadFile(filepath.Join(folder, "effects.txt"))
	if want := "order first 7 1\norder second 7 1\n"; err != nil || string(text) != want {
		t.Errorf("file %q, %v, want %q", text, err, want)
	}
}

func TestManyEnterAtOnce(t *testing.T) {
	t.Parallel()
	l, c, folder := open(t)
	const many = 200
	var all sync.WaitGroup
	for range many {
		all.Go(func() {
			if err := c.Enter(t.Context(), ledger.Entry{Key: "order", Run: "r"}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := len(l.Runs("order")); n != many {
		t.Errorf("%d effects, want %d", n, many)
	}
	text, err := os.ReadFile(filepath.Join(folder, "effects.txt"))
	if n := strings.Count(string(text), "\n"); err != nil || n != many {
		t.Errorf("%d lines in the file, %v, want %d", n, err, many)
	}
}

func TestContextEnds(t *testing.T) {
	t.Parallel()
	_, c, _ := open(t)
	gone := errors.New("the client has gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	// Whichever of the two is seen first: the call may have been quick.
	if err := c.Enter(ctx, ledger.Entry{Key: "order"}); err != nil && !errors.Is(err, gone) {
		t.Errorf("error %v, want none or the context's cause", err)
	}
}

// An effect that nobody waited for, and whose process has gone, counts as well.
func TestAllHasWhatIsOnItsWay(t *testing.T) {
	t.Parallel()
	for range 20 {
		l, c, _ := open(t)
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		const many = 20
		for range many {
			_ = c.Enter(gone, ledger.Entry{Key: "order", Run: "r"}) // it says that the context has ended
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		all, err := l.All()
		if n := len(all["order"]); err != nil || n != many {
			t.Fatalf("%d effects, %v, want %d", n, err, many)
		}
	}
}
