//go:build !race

package transport_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/transport"
)

// The costs that the documentation promises. Allocations can be counted exactly, so they
// are tests; times are benchmarks. The race detector allocates on its own account.
func TestAllocs(t *testing.T) {
	get := func() *http.Request { return request(t, "GET", nil) }
	post := func() *http.Request { return request(t, "POST", strings.NewReader("{}")) }
	for _, tt := range []struct {
		name string
		req  func() *http.Request
		opts []transport.Option
		over float64
	}{
		{"GET", get, nil, 2},
		{"keyed POST", post, nil, 9},
		{"GET, gated", get, []transport.Option{transport.WithSlots(clearGate{}), transport.WithGatedFirst()}, 2},
		{"GET, with timeouts", get, []transport.Option{transport.WithAttemptTimeout(time.Hour), transport.WithTimeout(time.Hour)}, 16},
	} {
		count := func(rt http.RoundTripper) float64 {
			return testing.AllocsPerRun(1000, func() {
				if _, err := rt.RoundTrip(tt.req()); err != nil {
					t.Fatal(err)
				}
			})
		}
		bare, chain := count(roundTripperFunc(stub)), count(transport.New(roundTripperFunc(stub), tt.opts...))
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
