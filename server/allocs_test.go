//go:build !race

package server_test

import (
	"net/http"
	"testing"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// The costs that the documentation promises. Allocations can be counted exactly, so they
// are tests; times are benchmarks. The race detector allocates on its own account.
func TestAllocs(t *testing.T) {
	keys := make([]string, 2000)
	for i := range keys {
		keys[i] = idem.NewKey()
	}
	bare := testing.AllocsPerRun(1000, func() func() {
		serve := requests(t, http.HandlerFunc(orders))
		return func() { serve(keys[0]) }
	}())
	h := server.New(idem.NewMemory(), server.WithSharedScope())(http.HandlerFunc(orders))
	serve, i := requests(t, h), 0
	first := testing.AllocsPerRun(1000, func() {
		serve(keys[i])
		i++
	})
	replay := testing.AllocsPerRun(1000, func() { serve(keys[0]) })
	t.Logf("allocations: bare %v, first run %v, replay %v", bare, first, replay)
	if over := first - bare; over > 15 {
		t.Errorf("a first run costs %v allocations more than the bare handler, want at most 15", over)
	}
	if replay > 2 { // its fields: their text, and their values
		t.Errorf("a replay costs %v allocations, want at most 2", replay)
	}
}
