package main

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var line = regexp.MustCompile(`(?m)^(.{15}) (\d+) of \d+ done, ([\d.]+) requests for each, at most (\d+) in 100 ms$`)

// Everybody gets through in both ways, and those who take turns with far fewer requests: with a
// queue in each process alone, more than half of them remain.
func TestTurnsSpareRequests(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := run(t.Context(), "", &out); err != nil {
		t.Fatal(err)
	}
	found := line.FindAllStringSubmatch(out.String(), -1)
	if len(found) != 2 {
		t.Fatalf("got %s", &out)
	}
	requests := make([]float64, 2)
	for i, f := range found {
		if want := strconv.Itoa(processes * callers); f[2] != want {
			t.Errorf("%s of %s calls are done", f[2], want)
		}
		n, err := strconv.ParseFloat(f[3], 64)
		if err != nil {
			t.Fatal(err)
		}
		requests[i] = n
	}
	if 2*requests[1] >= requests[0] {
		t.Errorf("in turns each call takes %.1f requests, and at random %.1f", requests[1], requests[0])
	}
}

func TestSaysThatRedisIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var out strings.Builder
	if err := run(t.Context(), "", &out); err == nil || !strings.Contains(err.Error(), "apt-get install") {
		t.Errorf("got %v", err)
	}
}
