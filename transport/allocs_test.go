//go:build !race

package transport_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/goaroundhq/goaround/transport"
)

// The costs that the documentation promises. Allocations can be counted exactly, so they
// are tests; times are benchmarks. The race detector allocates on its own account.
func TestAllocs(t *testing.T) {
	for _, tt := range []struct {
		name string
		req  func() *http.Request
		over float64
	}{
		{"GET", func() *http.Request { return request(t, "GET", nil) }, 2},
		{"keyed POST", func() *http.Request { return request(t, "POST", strings.NewReader("{}")) }, 9},
	} {
		count := func(rt http.RoundTripper) float64 {
			return testing.AllocsPerRun(1000, func() {
				if _, err := rt.RoundTrip(tt.req()); err != nil {
					t.Fatal(err)
				}
			})
		}
		bare, chain := count(roundTripperFunc(stub)), count(transport.New(roundTripperFunc(stub)))
		t.Logf("%s: %v allocations, bare %v", tt.name, chain, bare)
		if chain-bare > tt.over {
			t.Errorf("%s costs %v allocations more than the bare stub, want at most %v", tt.name, chain-bare, tt.over)
		}
	}
}

// A body that can be opened again is never copied.
func TestLargeBodyIsNotCopied(t *testing.T) {
	rt := transport.New(roundTripperFunc(stub))
	large := strings.Repeat("x", 1<<20)
	result := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := rt.RoundTrip(request(t, "PUT", strings.NewReader(large))); err != nil {
				b.Fatal(err)
			}
		}
	})
	if got := result.AllocedBytesPerOp(); got > 3<<10 {
		t.Errorf("%d bytes for a PUT of 1 MiB, want at most 3 KiB", got)
	}
}
