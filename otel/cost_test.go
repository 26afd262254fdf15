package otel_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/goaroundhq/goaround/idem"
	goaroundotel "github.com/goaroundhq/goaround/otel"
	"github.com/goaroundhq/goaround/otel/otelprom"
	"github.com/goaroundhq/goaround/server"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// providers are what may stand behind the instruments.
func providers(t testing.TB) map[string]metric.MeterProvider {
	t.Helper()
	prometheus, err := otelprom.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = prometheus.Shutdown(context.Background()) })
	return map[string]metric.MeterProvider{
		"global unset": nil, "noop": noop.NewMeterProvider(), "SDK": newMeters(t), "Prometheus": prometheus,
	}
}

// events are what the observers are told of on a good day, and of a retry.
func events(ctx context.Context, p metric.MeterProvider) map[string]func() {
	calls, answers, claims, waits := goaroundotel.Observers(goaroundotel.WithMeterProvider(p), goaroundotel.WithService("shop"))
	return map[string]func(){
		"call": func() {
			calls.Attempt(ctx, transport.Attempt{Target: target, Number: 1, Status: 200, Last: true})
			calls.Call(ctx, transport.Call{Target: target, Attempts: 1, Status: 200, Latency: time.Millisecond})
		},
		"retry": func() {
			calls.Attempt(ctx, transport.Attempt{Target: target, Number: 1, Status: 503, Delay: time.Second, Source: slot.FromSlot})
		},
		"request": func() {
			answers.Answered(ctx, server.Answer{Outcome: server.Replayed, Pattern: "POST /orders", ID: idem.ID{1}})
		},
		"claim": func() {
			claims.Claimed(ctx, idem.ClaimedInfo{Result: idem.ClaimResult{State: idem.Acquired}})
			claims.Ended(ctx, idem.EndedInfo{Ending: idem.Completed})
			claims.Asked(ctx, idem.AskedInfo{Op: idem.StoreClaim, Latency: time.Microsecond})
			claims.Asked(ctx, idem.AskedInfo{Op: idem.StoreComplete, Latency: time.Microsecond})
		},
		"slot": func() { waits.Granted(ctx, slot.GrantedInfo{Target: target, Wait: time.Second}) },
	}
}

// silent answers at once.
type silent struct{}

var fine = &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}

func (silent) RoundTrip(*http.Request) (*http.Response, error) { return fine, nil }

// chain returns a call of the standard chain.
func chain(t testing.TB, opts ...transport.Option) func() {
	rt := transport.New(silent{}, opts...)
	req, err := http.NewRequestWithContext(context.Background(), "GET", url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		resp, err := rt.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
}

// What an observer's call costs, by what stands behind it.
func BenchmarkEvents(b *testing.B) {
	for name, provider := range providers(b) {
		for event, f := range events(b.Context(), provider) {
			b.Run(event+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					f()
				}
			})
		}
	}
}

// What a call of the chain costs without, and with, telemetry.
func BenchmarkChain(b *testing.B) {
	run := func(name string, opts ...transport.Option) {
		b.Run(name, func(b *testing.B) {
			call := chain(b, opts...)
			b.ReportAllocs()
			for b.Loop() {
				call()
			}
		})
	}
	run("no observer")
	for name, provider := range providers(b) {
		run(name, goaroundotel.Transport(goaroundotel.WithMeterProvider(provider)))
	}
	run("spans", goaroundotel.Transport(goaroundotel.WithMeterProvider(noop.NewMeterProvider()),
		goaroundotel.WithTracerProvider(sdktrace.NewTracerProvider())))
}
