//go:build !race

package otel_test

import (
	"testing"

	goaroundotel "github.com/goaroundhq/goaround/otel"
)

// What is counted costs no allocation, whoever reads it. The race detector allocates on its
// own account.
func TestAllocs(t *testing.T) {
	for name, provider := range providers(t) {
		for event, f := range events(t.Context(), provider) {
			if n := testing.AllocsPerRun(1000, f); n != 0 {
				t.Errorf("%s, %s: %v allocations", event, name, n)
			}
		}
	}
}

// A call of the whole chain makes no more allocations than without.
func TestAllocsOfTheChain(t *testing.T) {
	bare := testing.AllocsPerRun(1000, chain(t))
	for name, provider := range providers(t) {
		if n := testing.AllocsPerRun(1000, chain(t, goaroundotel.Transport(goaroundotel.WithMeterProvider(provider)))); n > bare {
			t.Errorf("%s: %v allocations, %v without", name, n, bare)
		}
	}
}
