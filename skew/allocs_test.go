//go:build !race

package skew_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/skew"
)

// What the documentation promises; the race detector allocates on its own account.
func TestReadingAllocsNothing(t *testing.T) {
	machine := wrongBy(time.Hour)
	disrupted := synced(t, skew.WithSystem(machine))
	machine.Step(time.Hour)
	for name, c := range map[string]*skew.Clock{
		"nil": nil, "no sources": skew.New(), "synced": synced(t), "disrupted": disrupted,
	} {
		if n := testing.AllocsPerRun(100, func() {
			c.Read()
			c.Now()
			c.Offset()
			c.LastSync()
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// Listening to Dates costs no allocation, whether a Date is looked at or not.
func TestListeningAllocsNothing(t *testing.T) {
	resp := &http.Response{Header: http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}}, Body: http.NoBody}
	bare := roundTripperFunc(func(*http.Request) (*http.Response, error) { return resp, nil })
	rt := skew.NewDateSource("dates").Step(bare)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://api.example.com/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if _, err := rt.RoundTrip(req); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond) // every twentieth is looked at
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
