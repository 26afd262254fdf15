package otelprom

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/otlptranslator"
	otelapi "go.opentelemetry.io/otel"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
)

// Metrics is a provider of meters and the handler that shows what they measured. It is safe
// for concurrent use.
type Metrics struct {
	metric.MeterProvider
	provider *sdk.MeterProvider
	handler  http.Handler
}

// New makes a provider whose metrics the handler shows, and nothing else. Options are those of
// the SDK, such as a view that leaves an instrument out. Its resource is not shown: Prometheus
// knows a process by job and instance, and the series have the attribute service. Exemplars are shown
// to whoever asks for OpenMetrics, as Prometheus does.
func New(opts ...sdk.Option) (*Metrics, error) {
	registry := prometheus.NewRegistry()
	reader, err := NewReader(registry)
	if err != nil {
		return nil, err
	}
	provider := sdk.NewMeterProvider(append([]sdk.Option{sdk.WithReader(reader)}, opts...)...)
	return &Metrics{
		MeterProvider: provider, provider: provider,
		handler: promhttp.HandlerFor(registry, promhttp.HandlerOpts{
			EnableOpenMetrics: true,
			// What one instrument has wrong must not hide the others.
			ErrorHandling: promhttp.ContinueOnError, ErrorLog: handled{},
		}),
	}, nil
}

// NewReader makes a reader for a provider of meters, and registers it, by default, when
// registerer is nil, with prometheus.DefaultRegisterer. Its handler is the registry's, of
// promhttp: give that one ErrorHandling ContinueOnError, or two instruments that contradict
// each other make it answer 500 and show nothing. The error is that of the registry.
func NewReader(registerer prometheus.Registerer) (sdk.Reader, error) {
	if registerer == nil {
		registerer = prometheus.DefaultRegisterer
	}
	reader, err := exporter.New(
		exporter.WithRegisterer(registerer),
		exporter.WithTranslationStrategy(otlptranslator.UnderscoreEscapingWithSuffixes),
		exporter.WithoutScopeInfo(), exporter.WithoutTargetInfo(),
	)
	if err != nil {
		return nil, fmt.Errorf("otelprom: %w", err)
	}
	return reader, nil
}

// handled passes what promhttp would log to OpenTelemetry's handler of errors.
type handled struct{}

func (handled) Println(v ...any) { otelapi.Handle(errors.New("otelprom: " + fmt.Sprint(v...))) }

// ServeHTTP shows all metrics.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.handler.ServeHTTP(w, r) }

// Shutdown ends the provider; after that it measures nothing. The error is the SDK's.
func (m *Metrics) Shutdown(ctx context.Context) error { return m.provider.Shutdown(ctx) }
