package main

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var totals = regexp.MustCompile(`(\d+) of (\d+) served, (\d+) requests, (\d+) with a ticket`)

// Everybody is served in both ways. Those who understand slots come back once, for their seat;
// the bounds leave room for a machine that is busy.
func TestSlotsSpareRequests(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	found := totals.FindAllStringSubmatch(out.String(), -1)
	if len(found) != 2 {
		t.Fatalf("got %s", &out)
	}
	for i, f := range found {
		served, claimed := number(t, f[1]), number(t, f[4])
		if served != callers {
			t.Errorf("%d of %d are served: %s", served, callers, f[0])
		}
		if bySlots := i == 1; bySlots != (claimed > callers/2) {
			t.Errorf("by slots: %v, and %d came for a seat", bySlots, claimed)
		}
	}
	if requests := number(t, found[1][3]); requests > 5*callers/2 {
		t.Errorf("%d callers needed %d requests", callers, requests)
	}
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
