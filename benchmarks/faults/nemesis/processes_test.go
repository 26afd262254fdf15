package nemesis_test

import (
	"errors"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/faults/site"
)

func TestProcesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, site.Redis)
	for name, c := range map[string]*cat{"server": w.server, "client": w.client} {
		t.Run(name, func(t *testing.T) {
			seen := time.Time{}
			w.during(t, name+"-stop", func() bool {
				_, err := c.says("during", 50*time.Millisecond)
				seen = time.Now()
				return errors.Is(err, errSilent)
			})
			if stood := time.Since(seen) + 50*time.Millisecond; stood < w.Lease {
				t.Errorf("it stood still for %v, which is no longer than a lease", stood)
			}
			ok(t, ignore(c.says("after", time.Minute)))
			ok(t, <-w.strike(t, name+"-kill"))
			for range c.lines { // until it has ended
				continue
			}
			if err := c.cmd.Wait(); err == nil || err.Error() != "signal: killed" {
				t.Errorf("it ended by %v", err)
			}
			for _, harm := range []string{"-stop", "-kill"} {
				if err := <-w.strike(t, name+harm); !errors.Is(err, errMissed) {
					t.Errorf("%s of a process that is gone: %v, want that it hits nobody", harm, err)
				}
			}
		})
	}
}

func ignore(_ string, err error) error { return err }
