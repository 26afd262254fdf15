package otel_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/goaroundhq/goaround/idem"
	goaroundotel "github.com/goaroundhq/goaround/otel"
	"github.com/goaroundhq/goaround/otel/otelprom"
	"github.com/goaroundhq/goaround/server"
	"github.com/goaroundhq/goaround/transport"
)

// A service measures its requests, and shows the metrics to Prometheus.
func ExampleServer() {
	metrics, err := otelprom.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer metrics.Shutdown(context.Background())

	once := server.New(idem.NewMemory(), server.WithSharedScope(),
		goaroundotel.Server(goaroundotel.WithMeterProvider(metrics), goaroundotel.WithService("shop")))
	mux := http.NewServeMux()
	mux.Handle("POST /orders", once(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
	})))
	mux.Handle("GET /metrics", metrics)

	for range 3 { // the first runs, the others are duplicates
		req := httptest.NewRequest("POST", "/orders", http.NoBody)
		req.Header.Set(idem.Header, "key")
		mux.ServeHTTP(httptest.NewRecorder(), req)
	}
	page := httptest.NewRecorder()
	mux.ServeHTTP(page, httptest.NewRequest("GET", "/metrics", http.NoBody))
	for line := range strings.Lines(page.Body.String()) {
		if strings.HasPrefix(line, "retry_duplicate_operations_total") {
			fmt.Print(line)
		}
	}
	// Output: retry_duplicate_operations_total{operation="POST /orders",service="shop"} 2
}

// flaky answers the first of two requests with 503.
func flaky() *httptest.Server {
	busy := true
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if busy {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		busy = false
	}))
}

// A client has a span for each call and one for each attempt.
func ExampleTransport() {
	s := flaky()
	defer s.Close()
	recorder := tracetest.NewSpanRecorder()
	spans := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))

	client := &http.Client{Transport: transport.New(nil, goaroundotel.Transport(
		goaroundotel.WithTracerProvider(spans),
		goaroundotel.WithPropagators(propagation.TraceContext{})))}
	resp, err := client.Get(s.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = io.Copy(io.Discard, resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		fmt.Println(err)
	}
	client.CloseIdleConnections()
	for _, span := range recorder.Ended() {
		fmt.Println(span.SpanKind(), span.Name(), values(span.Attributes())["http.response.status_code"])
	}
	// Output:
	// client GET 503
	// client GET 200
	// internal retry GET 200
}

// With otelhttp at the base of the chain, its spans are those of the attempts.
func ExampleResendCount() {
	s := flaky()
	defer s.Close()
	recorder := tracetest.NewSpanRecorder()
	spans := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))

	base := otelhttp.NewTransport(goaroundotel.ResendCount(http.DefaultTransport), otelhttp.WithTracerProvider(spans))
	client := &http.Client{Transport: transport.New(base, goaroundotel.Transport(
		goaroundotel.WithTracerProvider(spans), goaroundotel.WithoutAttemptSpans()))}
	resp, err := client.Get(s.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = io.Copy(io.Discard, resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		fmt.Println(err)
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	for _, span := range recorder.Ended() {
		if n, ok := values(span.Attributes())["http.request.resend_count"]; ok {
			fmt.Println(span.Name(), "resend", n)
		}
	}
	// Output: HTTP GET resend 1
}

// Clients that share a budget for retries show what is left of it.
func ExampleBudget() {
	metrics, err := otelprom.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer metrics.Shutdown(context.Background())

	budget := transport.NewBudget(transport.WithBudgetShare(0), transport.WithBudgetFloor(10))
	stop := goaroundotel.Budget(budget, goaroundotel.WithMeterProvider(metrics), goaroundotel.WithService("shop"))
	defer stop()

	api := flaky()
	defer api.Close()
	client := &http.Client{Transport: transport.New(nil, transport.WithBudget(budget),
		transport.WithTarget(func(*http.Request) string { return "api" }))}
	resp, err := client.Get(api.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()

	page := httptest.NewRecorder()
	metrics.ServeHTTP(page, httptest.NewRequest("GET", "/metrics", http.NoBody))
	for line := range strings.Lines(page.Body.String()) {
		if strings.HasPrefix(line, "retry_budget_left") {
			fmt.Print(line)
		}
	}
	// Output: retry_budget_left{retry_target="api",service="shop"} 99.5
}

// values are the attributes of a span, or of an event.
func values(attributes []attribute.KeyValue) map[attribute.Key]string {
	found := map[attribute.Key]string{}
	for _, kv := range attributes {
		found[kv.Key] = kv.Value.String()
	}
	return found
}
