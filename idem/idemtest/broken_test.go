package idemtest_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemtest"
)

const brokenVariable = "IDEMTEST_BROKEN_STORE"

// TestBrokenStore is what runs in the other process.
func TestBrokenStore(t *testing.T) {
	b, ok := broken[os.Getenv(brokenVariable)]
	if !ok {
		return // in the process of the other tests: nothing to do
	}
	idemtest.Run(t, idemtest.Target{
		Open: func(*testing.T) idem.Store {
			store := b.open()
			store.Memory = idem.NewMemory()
			return store
		},
		Bubble: true,
	})
}

func TestSuiteNamesWhatIsBroken(t *testing.T) {
	t.Parallel()
	for name, b := range broken {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := complaints(t, name)
			for _, rule := range b.rules {
				// A storm is random: it finds what is broken, but not each time.
				for try := 1; strings.HasPrefix(rule, "Storm/") && try < 10 && !named(out, rule); try++ {
					out = complaints(t, name)
				}
				if !named(out, rule) {
					t.Errorf("the suite does not name %s:\n%s", rule, failures(out))
				}
			}
		})
	}
}

// complaints is what the suite says of a broken store.
func complaints(t *testing.T, name string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestBrokenStore$")
	cmd.Env = append(os.Environ(), brokenVariable+"="+name)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("the suite passed a broken store: %v", err)
	}
	return string(out)
}

func named(out, rule string) bool {
	return strings.Contains(out, "--- FAIL: TestBrokenStore/"+rule+" ")
}

func failures(out string) string {
	var lines []string
	for line := range strings.Lines(out) {
		if strings.Contains(line, "--- FAIL") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}
