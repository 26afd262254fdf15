package otelprom_test

import (
	"os/exec"
	"testing"
)

// The rules are valid, and fire on a bad day and not on a good one.
func TestRules(t *testing.T) {
	t.Parallel()
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatalf("%v; install it: apt-get install -y prometheus", err)
	}
	for _, args := range [][]string{
		{"check", "rules", "--lint-fatal", "rules.yaml"},
		{"test", "rules", "testdata/rules_test.yaml"},
	} {
		if out, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
}
