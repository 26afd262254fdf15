// Command otelhttp uses otelhttp and goaround's spans together, in both orders.
//
//	go run ./examples/otelhttp
//
// It places an order twice; each time the shop's first response is lost and a retry follows.
// With otelhttp below the transport, it makes the spans of the exchanges and goaround those of
// the calls. With otelhttp around the transport, it has one span for the call, and goaround's
// tree hangs below that. In both cases a server's span is below the exchange that it belongs
// to, and says what the middleware did:
//
//	otelhttp below
//	retry POST              INTERNAL  retry.attempts=2 retry.outcome=success_retried
//	  HTTP POST             CLIENT    error.type=*net.OpError
//	    POST /orders        SERVER    idempotency.result=executed
//	  HTTP POST             CLIENT    http.request.resend_count=1
//	    POST /orders        SERVER    idempotency.result=replayed
//	otelhttp around
//	HTTP POST               CLIENT
//	  retry POST            INTERNAL  retry.attempts=2 retry.outcome=success_retried
//	    POST                CLIENT    error.type=reset
//	      POST /orders      SERVER    idempotency.result=executed
//	    POST                CLIENT    http.request.resend_count=1
//	      POST /orders      SERVER    idempotency.result=replayed
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
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/goaroundhq/goaround/idem"
	goaroundotel "github.com/goaroundhq/goaround/otel"
	"github.com/goaroundhq/goaround/server"
	"github.com/goaroundhq/goaround/transport"
	"github.com/goaroundhq/goaround/transport/faults"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	fmt.Fprintln(out, "otelhttp below")
	if err := order(ctx, out, below); err != nil {
		return err
	}
	fmt.Fprintln(out, "otelhttp around")
	return order(ctx, out, around)
}

// below leaves the exchanges to otelhttp: exchanges are instrumented once. ResendCount tells
// its spans which attempt they are.
func below(network http.RoundTripper, spans *trace.TracerProvider) http.RoundTripper {
	exchanges := otelhttp.NewTransport(goaroundotel.ResendCount(network), ofOtelhttp(spans)...)
	return transport.New(exchanges, goaroundotel.Transport(
		goaroundotel.WithTracerProvider(spans), goaroundotel.WithoutAttemptSpans()))
}

// around leaves the exchanges to goaround. With propagators it tells the server of each
// exchange's span, in place of the call's, which otelhttp has told of.
func around(network http.RoundTripper, spans *trace.TracerProvider) http.RoundTripper {
	calls := transport.New(network, goaroundotel.Transport(
		goaroundotel.WithTracerProvider(spans), goaroundotel.WithPropagators(propagation.TraceContext{})))
	return otelhttp.NewTransport(calls, ofOtelhttp(spans)...)
}

// ofOtelhttp are the options of every part of otelhttp.
func ofOtelhttp(spans *trace.TracerProvider) []otelhttp.Option {
	return []otelhttp.Option{otelhttp.WithTracerProvider(spans), otelhttp.WithPropagators(propagation.TraceContext{})}
}

// order places an order on a network that loses the first response, and prints the spans.
func order(ctx context.Context, out io.Writer, chain func(http.RoundTripper, *trace.TracerProvider) http.RoundTripper) (err error) {
	recorded := tracetest.NewInMemoryExporter()
	spans := trace.NewTracerProvider(trace.WithSyncer(recorded))
	defer func() { err = errors.Join(err, spans.Shutdown(ctx)) }()

	shop := httptest.NewServer(newShop(spans))
	base := &http.Transport{}
	network := faults.Script(faults.LoseResponse())
	client := &http.Client{Transport: chain(network(base), spans)}
	err = post(ctx, client, shop.URL+"/orders")
	base.CloseIdleConnections()
	shop.Close() // when its handlers have returned, all spans have ended
	if err != nil {
		return err
	}
	printTree(out, recorded.GetSpans())
	return nil
}

func post(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return errors.Join(err, resp.Body.Close())
}

// newShop has otelhttp around the middleware, which adds to its spans and makes none.
func newShop(spans *trace.TracerProvider) http.Handler {
	once := server.New(idem.NewMemory(), server.WithSharedScope(), goaroundotel.Server())
	mux := http.NewServeMux()
	mux.Handle("POST /orders", once(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
	})))
	return otelhttp.NewHandler(mux, "shop", ofOtelhttp(spans)...)
}
