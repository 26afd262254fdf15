package otel_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	goaroundotel "github.com/goaroundhq/goaround/otel"
)

// meters is a provider whose instruments can be read.
type meters struct {
	*sdkmetric.MeterProvider
	reader *sdkmetric.ManualReader
}

func newMeters(t testing.TB) *meters {
	t.Helper()
	reader := sdkmetric.NewManualReader()
	m := &meters{sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)), reader}
	t.Cleanup(func() { _ = m.Shutdown(context.Background()) })
	return m
}

// shop are the options of the service "shop", which is measured here.
func (m *meters) shop(more ...goaroundotel.Option) []goaroundotel.Option {
	return append([]goaroundotel.Option{goaroundotel.WithMeterProvider(m), goaroundotel.WithService("shop")}, more...)
}

// collect returns every instrument by its name.
func (m *meters) collect(t testing.TB) map[string]metricdata.Metrics {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := m.reader.Collect(context.Background(), &all); err != nil {
		t.Fatal(err)
	}
	found := map[string]metricdata.Metrics{}
	for _, s := range all.ScopeMetrics {
		for _, metric := range s.Metrics {
			found[metric.Name] = metric
		}
	}
	return found
}

// series is what an instrument has measured, one line for each set of attributes: the value
// of a counter or gauge, count and sum of a histogram. Counters at 0 are left out.
func (m *meters) series(t testing.TB, name string) []string {
	t.Helper()
	var lines []string
	switch data := m.collect(t)[name].Data.(type) {
	case metricdata.Sum[int64]:
		for _, p := range data.DataPoints {
			if p.Value != 0 {
				lines = append(lines, fmt.Sprintf("%s %d", labels(p.Attributes), p.Value))
			}
		}
	case metricdata.Gauge[float64]:
		for _, p := range data.DataPoints {
			lines = append(lines, fmt.Sprintf("%s %v", labels(p.Attributes), p.Value))
		}
	case metricdata.Histogram[float64]:
		for _, p := range data.DataPoints {
			lines = append(lines, fmt.Sprintf("%s %d %.3g", labels(p.Attributes), p.Count, p.Sum))
		}
	case metricdata.Histogram[int64]:
		for _, p := range data.DataPoints {
			lines = append(lines, fmt.Sprintf("%s %d %d", labels(p.Attributes), p.Count, p.Sum))
		}
	}
	slices.Sort(lines)
	return lines
}

// want compares series of instruments with what they should be.
func (m *meters) want(t testing.TB, want map[string][]string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got := m.series(t, name); !slices.Equal(got, want[name]) {
			t.Errorf("%s:\n  %s\nwant\n  %s", name, strings.Join(got, "\n  "), strings.Join(want[name], "\n  "))
		}
	}
}

// labels are the values of the attributes without service, which is the same in all.
func labels(set attribute.Set) string {
	var values []string
	for _, kv := range set.ToSlice() {
		if kv.Key == "service" && kv.Value.AsString() == "shop" {
			continue
		}
		values = append(values, kv.Value.String())
	}
	return strings.Join(values, ",")
}

// tracer is a provider whose spans can be read.
type tracer struct {
	*sdktrace.TracerProvider
	ended *tracetest.SpanRecorder
}

func newTracer(t testing.TB) *tracer {
	t.Helper()
	recorder := tracetest.NewSpanRecorder()
	p := &tracer{sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)), recorder}
	t.Cleanup(func() { _ = p.Shutdown(context.Background()) })
	return p
}

// stub is a RoundTripper that answers with the statuses in turn, the last one for ever.
type stub struct {
	statuses []int
	sent     []*http.Request
}

func (s *stub) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_, _ = io.Copy(io.Discard, req.Body)
		_ = req.Body.Close()
	}
	status := s.statuses[min(len(s.sent), len(s.statuses)-1)]
	s.sent = append(s.sent, req)
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: http.NoBody, Request: req,
	}, nil
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// send makes a request and closes the body of the response.
func send(ctx context.Context, rt http.RoundTripper, method, url string) (int, error) {
	req := httptest.NewRequestWithContext(ctx, method, url, http.NoBody)
	req.RequestURI = ""
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}
