package real_test

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/herd/real"
	"github.com/goaroundhq/goaround/benchmarks/herd/sim"
)

// The test's program is started again as server and callers.
func TestMain(m *testing.M) {
	if real.Child() {
		return
	}
	os.Exit(m.Run())
}

// small is a herd that is served within seconds, by all strategies.
func small() sim.Case {
	c := sim.Case{Callers: 30, Processes: 2, Capacity: 100, Outage: time.Second, Horizon: 40 * time.Second}
	return c.Defaults()
}

func TestRun(t *testing.T) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatalf("%v; it is installed by: apt-get install -y redis-server", err)
	}
	var got []string
	err := real.Run(t.Context(), small(), real.Names(""), 1, func(o sim.Outcome) {
		got = append(got, o.Strategy)
		if o.Callers != 30 || o.Done != 30 {
			t.Errorf("%s: %d of %d callers served, want all 30", o.Strategy, o.Done, o.Callers)
		}
		arrived, served := 0, 0
		for _, n := range o.Arrivals {
			arrived += n
		}
		for _, n := range o.Completions {
			served += n
		}
		if arrived != o.Calls || served != o.Done {
			t.Errorf("%s: %d arrivals of %d calls, %d completions of %d", o.Strategy, arrived, o.Calls, served, o.Done)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(real.Names("")) {
		t.Errorf("strategies that ran: %q, want all of %q", got, real.Names(""))
	}
}

func TestRunIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Second, cancel) // in the middle of it, or before: both must end
	c := small()
	c.Outage = time.Minute
	c.Horizon = 2 * time.Minute
	start := time.Now()
	if err := real.Run(ctx, c, real.Names("ours, fleet, cold"), 1, func(sim.Outcome) {}); err == nil {
		t.Error("a run that was interrupted ended without an error")
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("took %v to end", took)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, name := range real.Names("") {
		if ours := name[:4] == "ours"; real.Ours(name) != ours {
			t.Errorf("%s: ours is %v", name, !ours)
		}
	}
	if names := real.Names("nothing like that"); names != nil {
		t.Errorf("names %q", names)
	}
}
