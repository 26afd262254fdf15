package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/goaroundhq/goaround/benchmarks/faults/serve"
)

// The test's program is started again as servers and clients.
func TestMain(m *testing.M) {
	if isChild() {
		return
	}
	goleak.VerifyTestMain(m)
}

// faults is the command with flags.
func faults(t *testing.T, flags string) (result, int) {
	t.Helper()
	var stdout, stderr strings.Builder
	status := command(t.Context(), append(strings.Fields(flags), "-json"), &stdout, &stderr)
	var r result
	if err := json.Unmarshal([]byte(stdout.String()), &r); err != nil {
		t.Fatalf("exit status %d: %s%s", status, stdout.String(), stderr.String())
	}
	t.Logf("struck: %s; failed: %s", list(r.NemesisEvents), list(r.Reasons))
	return r, status
}

// The short version of what RESULTS.md has in long.
func TestPromisesHold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, flags string }{
		{"at most once, Redis", "-store redis-aof -nemesis server-kill,server-stop,client-kill,cut-store,store-stop,lost-response -calls 3000 -rate 500"},
		{"exactly once, SQL", "-store sql -guarantee exactly-once -nemesis server-stop,cut-store,store-kill -calls 1500 -rate 400"},
		{"nobody fails", "-nemesis pacer-gone,lost-response,script-flush -calls 1500 -rate 300 -deadline 30s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, status := faults(t, c.flags)
			if status != exitKept && !onlyLoad(r) {
				t.Errorf("exit status %d: %s", status, strings.Join(r.Broken, "; "))
			}
			if r.Acknowledged+r.Unknown != r.Calls || r.Effects < r.Acknowledged {
				t.Errorf("%d calls: %d acknowledged, %d unknown, %d effects", r.Calls, r.Acknowledged, r.Unknown, r.Effects)
			}
			struck := 0
			for _, n := range r.NemesisEvents {
				struck += n
			}
			if struck == 0 {
				t.Error("no nemesis struck")
			}
		})
	}
}

// onlyLoad reports whether all that a run is blamed for are calls that came back somewhat late or
// were given up, on a machine that may have had other things to do.
func onlyLoad(r result) bool {
	for _, broken := range r.Broken {
		switch {
		case strings.HasPrefix(broken, late+":") && r.MaxBlock < 500:
		case strings.HasPrefix(broken, givenUp+":") && r.GivenUp < r.Calls/4:
		default:
			return false
		}
	}
	return len(r.Broken) > 0
}

// Faults that do no harm to a server without the middleware would prove nothing.
func TestFaultsBite(t *testing.T) {
	t.Parallel()
	r, status := faults(t, "-naive -nemesis server-kill,lost-response -calls 1200 -rate 300")
	if r.Guarantee != serve.Naive || r.DuplicateEffects == 0 || status != exitBroken {
		t.Errorf("%s: %d duplicates, exit status %d, want some and %d", r.Guarantee, r.DuplicateEffects, status, exitBroken)
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(2*time.Second, cancel) // in the middle of it, or before: both must end
	var stdout, stderr strings.Builder
	status := command(ctx, strings.Fields("-calls 100000000 -rate 100 -nemesis server-stop"), &stdout, &stderr)
	if status != exitInterrupted || stdout.Len() > 0 {
		t.Errorf("exit status %d, output %q, want %d and none", status, stdout.String(), exitInterrupted)
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	for flags, want := range map[string]string{
		"-calls 0":                            "-calls 0",
		"-callers 0":                          "-callers 0",
		"-rate -1":                            "-rate -1",
		"-deadline 2m":                        "-deadline 2m0s",
		"-store disk":                         "must be one of",
		"-guarantee twice":                    "must be one of",
		"-guarantee exactly-once":             "needs -store sql",
		"-replicas 1":                         "needs -store sentinel",
		"-nemesis earthquake":                 "earthquake",
		"more":                                "unexpected argument",
		"-nemesis redis-empty -store sql":     "redis-empty",
		"-store sentinel -replicas 1 -nope 1": "nope",
	} {
		var stdout, stderr strings.Builder
		status := command(t.Context(), strings.Fields(flags), &stdout, &stderr)
		if status != exitUsage || !strings.Contains(stderr.String(), want) {
			t.Errorf("%s: exit status %d, %q, want %d and %q", flags, status, stderr.String(), exitUsage, want)
		}
	}
	var stdout, stderr strings.Builder
	if status := command(t.Context(), []string{"-h"}, &stdout, &stderr); status != exitKept {
		t.Errorf("-h: exit status %d", status)
	}
}
