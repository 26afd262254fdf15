package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"

	goaroundotel "github.com/goaroundhq/goaround/otel"
)

// telemetry is the two providers, which send by OTLP over HTTP.
type telemetry struct {
	traces  *trace.TracerProvider
	metrics *metric.MeterProvider
}

func newTelemetry(ctx context.Context, endpoint string) (*telemetry, error) {
	spans, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint+"/v1/traces"))
	if err != nil {
		return nil, err
	}
	measurements, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(endpoint+"/v1/metrics"))
	if err != nil {
		return nil, errors.Join(err, spans.Shutdown(ctx))
	}
	return &telemetry{
		traces:  trace.NewTracerProvider(trace.WithBatcher(spans)),
		metrics: metric.NewMeterProvider(metric.WithReader(metric.NewPeriodicReader(measurements))),
	}, nil
}

// options are all that goaround must know of it.
func (t *telemetry) options(service string) []goaroundotel.Option {
	return []goaroundotel.Option{
		goaroundotel.WithTracerProvider(t.traces), goaroundotel.WithMeterProvider(t.metrics),
		goaroundotel.WithPropagators(propagation.TraceContext{}), goaroundotel.WithService(service),
	}
}

// Shutdown sends what was not sent yet.
func (t *telemetry) Shutdown(ctx context.Context) error {
	return errors.Join(t.traces.Shutdown(ctx), t.metrics.Shutdown(ctx))
}

// loseFirst is a network: it loses the response to the first request.
type loseFirst struct {
	next http.Handler
	lost atomic.Bool
}

func (l *loseFirst) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if l.lost.Swap(true) {
		l.next.ServeHTTP(w, r)
		return
	}
	l.next.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler) // net/http cuts the connection
}
