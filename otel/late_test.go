package otel_test

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	otelapi "go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/goaroundhq/goaround/idem"
	goaroundotel "github.com/goaroundhq/goaround/otel"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// alone is set in a process that runs one test only, because the global provider can be set
// only once.
const alone = "GOAROUND_TEST_ALONE"

// Guards and clients are often made, and used, before main sets the global provider. What
// should never happen has its series all the same.
func TestAlarmsBeginAtZeroWithALateProvider(t *testing.T) {
	t.Parallel()
	if os.Getenv(alone) == "" {
		again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1") //nolint:gosec // this test
		again.Env = append(os.Environ(), alone+"=1")
		if out, err := again.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	guard := idem.NewGuard(idem.NewMemory(), goaroundotel.Guard())
	rt := transport.New(&stub{statuses: []int{503, 200}}, goaroundotel.Transport(),
		transport.WithBackoff(slot.BackoffFunc(func(int) time.Duration { return 0 })))
	use := func(key string) {
		if _, err := idem.Do(t.Context(), guard, idem.Operation{Name: "charge", Scope: idem.SharedScope, Key: key},
			func(context.Context) (int, error) { return 1, nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := send(t.Context(), rt, "GET", url); err != nil {
			t.Fatal(err)
		}
	}
	use("before")
	m := newMeters(t)
	otelapi.SetMeterProvider(m)
	use("after")
	all := m.collect(t)
	for name, want := range map[string]int{
		"idempotency.endings": 15, "retry.suppressed": 1, "retry.unpaced": 1, "retry.duplicate_operations": 1, "idempotency.claims": 2,
	} {
		sum, _ := all[name].Data.(metricdata.Sum[int64])
		if len(sum.DataPoints) != want {
			t.Errorf("%s has %d series, want %d", name, len(sum.DataPoints), want)
		}
	}
	claimed, _ := all["idempotency.claims"].Data.(metricdata.Sum[int64])
	for _, p := range claimed.DataPoints {
		if state, _ := p.Attributes.Value("idempotency.state"); state.AsString() == "acquired" && p.Value != 2 {
			t.Errorf("%d claims, want that from before the provider too", p.Value)
		}
	}
}
