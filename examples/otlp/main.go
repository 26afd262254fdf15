// Command otlp sends spans and metrics of goaround to a collector, by OTLP:
//
//	go run ./examples/otlp
//	OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 go run ./examples/otlp
//
// It places one order at a service of its own whose first response gets lost, so that the
// transport tries again and the middleware replays the response. Client and service send what
// they measure to the collector of the environment, or, where none is named, to a small
// receiver in this program, which prints what came: the trace of the call, and the names of
// the instruments:
//
//	retry POST, retry.outcome success_retried
//	  POST, error.type reset
//	    POST /orders, idempotency.result executed
//	  POST, http.request.resend_count 1
//	    POST /orders, idempotency.result replayed
//	idempotency.claims
//	idempotency.endings
//	idempotency.requests
//	idempotency.store.duration
//	retry.call.attempts
//	retry.call.duration
//	retry.duplicate_operations
//	retry.retries
//	retry.suppressed
//	retry.unpaced
//	retry.wait.duration
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"

	"github.com/goaroundhq/goaround/idem"
	goaroundotel "github.com/goaroundhq/goaround/otel"
	"github.com/goaroundhq/goaround/server"
	"github.com/goaroundhq/goaround/transport"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run places the order and writes what the receiver got.
func run(ctx context.Context, out io.Writer) error {
	endpoint := os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT")
	var r *receiver
	if endpoint == "" {
		r = newReceiver()
		defer r.Close()
		endpoint = r.URL
	}
	t, err := newTelemetry(ctx, endpoint)
	if err != nil {
		return err
	}
	err = placeOrder(ctx, t)
	if err := errors.Join(err, t.Shutdown(ctx)); err != nil { // which sends the rest
		return err
	}
	if r == nil {
		fmt.Fprintln(out, "sent to", endpoint)
		return nil
	}
	return r.print(out)
}

// placeOrder makes a call whose first response gets lost.
func placeOrder(ctx context.Context, t *telemetry) error {
	shop := httptest.NewServer(t.service())
	defer shop.Close()
	base := &http.Transport{}
	defer base.CloseIdleConnections()
	client := &http.Client{Transport: transport.New(base, goaroundotel.Transport(t.options("client")...))}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, shop.URL+"/orders", http.NoBody)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// service is the middleware, inside of otelhttp, whose spans it tells the outcome, and that
// inside of a network that loses a response.
func (t *telemetry) service() http.Handler {
	once := server.New(idem.NewMemory(), server.WithSharedScope(), goaroundotel.Server(t.options("orders")...))
	mux := http.NewServeMux()
	mux.Handle("POST /orders", once(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
	})))
	observed := otelhttp.NewHandler(mux, "orders",
		otelhttp.WithTracerProvider(t.traces), otelhttp.WithMeterProvider(t.metrics),
		otelhttp.WithPropagators(propagation.TraceContext{}))
	return &loseFirst{next: observed}
}
