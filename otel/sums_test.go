package otel_test

import (
	"context"
	"testing"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/goaroundhq/goaround/idem"
	goaroundotel "github.com/goaroundhq/goaround/otel"
)

// charge runs an operation under each of the keys.
func charge(t *testing.T, g *idem.Guard, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if _, err := idem.Do(t.Context(), g, idem.Operation{Name: "charge", Scope: idem.SharedScope, Key: key},
			func(context.Context) (int, error) { return 1, nil }); err != nil {
			t.Fatal(err)
		}
	}
}

// Guards of one service are added up, however often they are asked.
func TestGuardsOfOneServiceAreAddedUp(t *testing.T) {
	t.Parallel()
	m := newMeters(t)
	shared := goaroundotel.Guard(m.shop()...)
	for _, option := range []idem.GuardOption{shared, shared, goaroundotel.Guard(m.shop()...)} {
		charge(t, idem.NewGuard(idem.NewMemory(), option), "a", "a")
	}
	for range 2 {
		m.want(t, map[string][]string{
			"idempotency.claims":         {"acquired 3", "done 3"},
			"idempotency.endings":        {"completed,ok 3"},
			"retry.duplicate_operations": {"_OTHER 3"},
		})
	}
}

// A reader that wants to know what is new since it last asked is told so.
func TestSumsForAReaderOfDifferences(t *testing.T) {
	t.Parallel()
	m := &meters{reader: sdkmetric.NewManualReader(sdkmetric.WithTemporalitySelector(
		func(sdkmetric.InstrumentKind) metricdata.Temporality { return metricdata.DeltaTemporality }))}
	m.MeterProvider = sdkmetric.NewMeterProvider(sdkmetric.WithReader(m.reader))
	t.Cleanup(func() { _ = m.Shutdown(context.Background()) })
	g := idem.NewGuard(idem.NewMemory(), goaroundotel.Guard(m.shop()...))
	for _, keys := range [][]string{{"a", "b"}, {"c"}} {
		charge(t, g, keys...)
		want := map[int]string{2: "acquired 2", 1: "acquired 1"}[len(keys)]
		m.want(t, map[string][]string{"idempotency.claims": {want}})
	}
}
