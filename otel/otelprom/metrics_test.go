package otelprom_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/goaroundhq/goaround/idem"
	goaroundotel "github.com/goaroundhq/goaround/otel"
	"github.com/goaroundhq/goaround/otel/otelprom"
	"github.com/goaroundhq/goaround/otel/otelprom/promtest"
	"github.com/goaroundhq/goaround/server"
	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// scrape returns what the handler shows to Prometheus.
func scrape(t *testing.T, h http.Handler, accept string) string {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", http.NoBody)
	req.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w.Body.String()
}

// The names, and all their labels, are what dashboards of others may ask for already.
func TestNamesAreExact(t *testing.T) {
	t.Parallel()
	m := newMetrics(t)
	provider := goaroundotel.WithMeterProvider(m)
	service := goaroundotel.WithService("orders")
	h := server.New(idem.NewMemory(), server.WithSharedScope(), goaroundotel.Server(provider, service,
		goaroundotel.WithOperation("create")))(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for range 3 {
		h.ServeHTTP(httptest.NewRecorder(), keyed(t.Context(), "/", "k"))
	}
	if _, err := skew.New(skew.WithSources(skew.Fixed(0, 0)), goaroundotel.Clock(provider, service)).Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	q := slot.NewQueue(goaroundotel.Slots(provider, service))
	r, err := q.Reserve(t.Context(), "api", slot.Feedback{Attempt: 1, Result: slot.Failed})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.(slot.Awaiter).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The slot is counted by who gave it, perhaps a little later.
	for deadline := time.Now().Add(promtest.Patience); !strings.Contains(scrape(t, m, "text/plain"), "retry_slot_distribution_seconds_count"); {
		if time.Now().After(deadline) {
			t.Fatal("the slot is not counted")
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := q.Close(); err != nil {
		t.Error(err)
	}
	text := scrape(t, m, "text/plain")
	for _, want := range []string{
		"\nretry_duplicate_operations_total{operation=\"create\",service=\"orders\"} 2\n",
		"\nretry_slot_distribution_seconds_count{service=\"orders\"} 1\n",
		"\nretry_slot_distribution_seconds_bucket{service=\"orders\",le=\"0.005\"} ",
		"\nretry_clock_skew_seconds{service=\"orders\"} ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no line %q in\n%s", want, text)
		}
	}
	for _, unwanted := range []string{"otel_scope", "target_info"} {
		if strings.Contains(text, unwanted) {
			t.Errorf("there is %s", unwanted)
		}
	}
}

// A call of a sampled trace is the exemplar of what it counted.
func TestExemplars(t *testing.T) {
	t.Parallel()
	m := newMetrics(t)
	spans := trace.NewTracerProvider()
	rt := transport.New(answers{200}, goaroundotel.Transport(goaroundotel.WithMeterProvider(m), goaroundotel.WithTracerProvider(spans)))
	ctx, span := spans.Tracer("test").Start(t.Context(), "work")
	defer span.End()
	get(ctx, rt)
	text := scrape(t, m, "application/openmetrics-text")
	if want := `trace_id="` + span.SpanContext().TraceID().String() + `"`; !strings.Contains(text, want) {
		t.Errorf("no exemplar with %s in\n%s", want, text)
	}
}

// Two that disagree on what an instrument is hide none of the others.
func TestContradictionsHideNothing(t *testing.T) {
	t.Parallel()
	m := newMetrics(t)
	for scope, unit := range map[string]string{"a": "s", "b": "ms"} {
		counter, err := m.Meter(scope).Int64Counter("jobs", metric.WithDescription(unit))
		if err != nil {
			t.Fatal(err)
		}
		counter.Add(t.Context(), 1, metric.WithAttributes(attribute.String("x", "y")))
	}
	get(t.Context(), transport.New(answers{200}, goaroundotel.Transport(goaroundotel.WithMeterProvider(m))))
	if text := scrape(t, m, "text/plain"); !strings.Contains(text, "retry_call_attempts_count") {
		t.Errorf("calls are not shown:\n%s", text)
	}
}

func TestReaderForAProviderOfOnesOwn(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	reader, err := otelprom.NewReader(registry)
	if err != nil {
		t.Fatal(err)
	}
	provider := sdk.NewMeterProvider(sdk.WithReader(reader))
	get(t.Context(), transport.New(answers{200}, goaroundotel.Transport(goaroundotel.WithMeterProvider(provider))))
	families, err := registry.Gather()
	if err != nil || len(families) == 0 {
		t.Errorf("%d families, %v", len(families), err)
	}
	if err := provider.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}
