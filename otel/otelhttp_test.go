package otel_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/goaroundhq/goaround/idem"
	goaroundotel "github.com/goaroundhq/goaround/otel"
	"github.com/goaroundhq/goaround/server"
	"github.com/goaroundhq/goaround/transport"
)

// busy is a server that refuses the first two requests, and writes down what all of them were
// told of their spans.
func busy(t *testing.T) (url string, base *http.Transport, told func() []string) {
	t.Helper()
	var (
		mu      sync.Mutex
		parents []string
	)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		parents = append(parents, r.Header.Get("Traceparent"))
		if len(parents) <= 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(s.Close)
	base = &http.Transport{}
	t.Cleanup(base.CloseIdleConnections)
	return s.URL, base, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return parents
	}
}

// exchanges is what otelhttp counted.
func exchanges(t *testing.T, m *meters) (n uint64) {
	t.Helper()
	for _, p := range m.collect(t)["http.client.request.duration"].Data.(metricdata.Histogram[float64]).DataPoints {
		n += p.Count
	}
	return n
}

// With otelhttp below, its spans are those of the attempts.
func TestOtelhttpBelow(t *testing.T) {
	t.Parallel()
	url, base, told := busy(t)
	p, m := newTracer(t), newMeters(t)
	below := otelhttp.NewTransport(goaroundotel.ResendCount(base), otelhttp.WithTracerProvider(p),
		otelhttp.WithMeterProvider(m), otelhttp.WithPropagators(propagation.TraceContext{}))
	rt := transport.New(below, nearly(), goaroundotel.Transport(
		m.shop(goaroundotel.WithTracerProvider(p), goaroundotel.WithoutAttemptSpans())...))
	if code, err := send(t.Context(), rt, "GET", url); code != 200 || err != nil {
		t.Fatal(code, err)
	}
	spans := wantTree(t, p, "internal retry GET", "> client HTTP GET", "> client HTTP GET", "> client HTTP GET")
	for i, want := range []string{"", "1", "2"} {
		if got := values(spans[i+1].Attributes())["http.request.resend_count"]; got != want {
			t.Errorf("exchange %d: resend count %q, want %q", i+1, got, want)
		}
	}
	if n := exchanges(t, m); n != 3 {
		t.Errorf("http.client.request.duration has %d exchanges, want 3", n)
	}
	distinct(t, told(), 3)
}

// With otelhttp above, its span is that of the call as the caller sees it; ours are below.
func TestOtelhttpAbove(t *testing.T) {
	t.Parallel()
	url, base, told := busy(t)
	p, m := newTracer(t), newMeters(t)
	inner := transport.New(base, nearly(), goaroundotel.Transport(
		m.shop(goaroundotel.WithTracerProvider(p), goaroundotel.WithPropagators(propagation.TraceContext{}))...))
	rt := otelhttp.NewTransport(inner, otelhttp.WithTracerProvider(p), otelhttp.WithMeterProvider(m),
		otelhttp.WithPropagators(propagation.TraceContext{}))
	if code, err := send(t.Context(), rt, "GET", url); code != 200 || err != nil {
		t.Fatal(code, err)
	}
	wantTree(t, p, "client HTTP GET", "> internal retry GET", "> > client GET", "> > client GET", "> > client GET")
	if n := exchanges(t, m); n != 1 {
		t.Errorf("http.client.request.duration has %d calls, want 1: ours are in retry.call.attempts", n)
	}
	m.want(t, map[string][]string{"retry.call.attempts": {url + " 1 3"}})
	distinct(t, told(), 3)
}

// distinct fails unless each exchange was told of a span of its own.
func distinct(t *testing.T, told []string, n int) {
	t.Helper()
	seen := map[string]bool{}
	for _, parent := range told {
		seen[parent] = parent != ""
	}
	if len(told) != n || len(seen) != n || seen[""] {
		t.Errorf("server was told %q, want %d spans", told, n)
	}
}

// The middleware tells the span of an otelhttp handler outside of it, and makes none. Inside
// of it, otelhttp has spans of what is run, and nothing of a replay.
func TestOtelhttpHandler(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		outside bool
		want    []string // idempotency.result of the spans
	}{
		{"outside", true, []string{"executed", "replayed", "key-reused"}},
		{"inside", false, []string{""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, m := newTracer(t), newMeters(t)
			var runs atomic.Int64
			observed := func(next http.Handler) http.Handler {
				return otelhttp.NewHandler(next, "orders", otelhttp.WithTracerProvider(p), otelhttp.WithMeterProvider(m))
			}
			once := server.New(idem.NewMemory(), server.WithSharedScope(), goaroundotel.Server(m.shop()...))
			var h http.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { runs.Add(1) })
			if tt.outside {
				h = observed(once(h))
			} else {
				h = once(observed(h))
			}
			for _, target := range []string{"/orders", "/orders", "/orders?other"} {
				req := httptest.NewRequestWithContext(t.Context(), "POST", target, http.NoBody)
				req.Header.Set(idem.Header, "k")
				h.ServeHTTP(httptest.NewRecorder(), req)
			}
			spans := p.ended.Ended()
			if len(spans) != len(tt.want) || runs.Load() != 1 {
				t.Fatalf("%d spans of %d runs", len(spans), runs.Load())
			}
			for i, want := range tt.want {
				if got := values(spans[i].Attributes()); got["idempotency.result"] != want || (got["idempotency.id"] != "") != (want != "") {
					t.Errorf("span %d: %v, want %q", i, got, want)
				}
			}
		})
	}
}
