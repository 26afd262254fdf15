package otelprom_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	sdk "go.opentelemetry.io/otel/sdk/metric"

	goaroundotel "github.com/goaroundhq/goaround/otel"
	"github.com/goaroundhq/goaround/otel/otelprom"
	"github.com/goaroundhq/goaround/transport"
)

// A program that has a provider and a registry already adds a reader.
func ExampleNewReader() {
	registry := prometheus.NewRegistry()
	reader, err := otelprom.NewReader(registry)
	if err != nil {
		fmt.Println(err)
		return
	}
	provider := sdk.NewMeterProvider(sdk.WithReader(reader)) // and the readers that it has
	defer provider.Shutdown(context.Background())

	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	client := &http.Client{Transport: transport.New(nil, goaroundotel.Transport(goaroundotel.WithMeterProvider(provider)))}
	defer client.CloseIdleConnections()
}

// The rules are named in rule_files of Prometheus; the command export writes them to a file.
func ExampleRules() {
	fmt.Println(bytes.Count(otelprom.Rules(), []byte("- alert:")), "alerts")
	// Output: 11 alerts
}
