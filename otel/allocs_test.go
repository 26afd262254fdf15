//go:build !race

package otel_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/goaroundhq/goaround/idem"
	goaroundotel "github.com/goaroundhq/goaround/otel"
	"github.com/goaroundhq/goaround/server"
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

// Nor does a first run make more of them in the whole middleware.
func TestAllocsOfTheServer(t *testing.T) {
	run := func(opts ...server.Option) float64 {
		h := server.New(idem.NewMemory(), append(opts, server.WithSharedScope())...)(http.HandlerFunc(ok))
		req := httptest.NewRequestWithContext(t.Context(), "POST", "/", http.NoBody)
		return testing.AllocsPerRun(1000, func() {
			req.Header.Set(idem.Header, idem.NewKey())
			h.ServeHTTP(httptest.NewRecorder(), req)
		})
	}
	bare := run()
	for name, provider := range providers(t) {
		if n := run(goaroundotel.Server(goaroundotel.WithMeterProvider(provider))); n > bare {
			t.Errorf("%s: %v allocations, %v without", name, n, bare)
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
