package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"

	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// receiver is a collector that keeps what it gets.
type receiver struct {
	*httptest.Server

	mu          sync.Mutex
	spans       []*trace.Span
	instruments map[string]bool
}

func newReceiver() *receiver {
	r := &receiver{instruments: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", func(w http.ResponseWriter, req *http.Request) {
		receive(w, req, &tracepb.ExportTraceServiceRequest{}, &tracepb.ExportTraceServiceResponse{}, r.addSpans)
	})
	mux.HandleFunc("POST /v1/metrics", func(w http.ResponseWriter, req *http.Request) {
		receive(w, req, &metricspb.ExportMetricsServiceRequest{}, &metricspb.ExportMetricsServiceResponse{}, r.addMetrics)
	})
	r.Server = httptest.NewServer(mux)
	return r
}

// receive reads a message, passes it on, and answers.
func receive[M proto.Message](w http.ResponseWriter, r *http.Request, message M, answer proto.Message, add func(M)) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = proto.Unmarshal(body, message)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	add(message)
	reply, err := proto.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(reply)
}

func (r *receiver) addSpans(m *tracepb.ExportTraceServiceRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, resource := range m.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			r.spans = append(r.spans, scope.GetSpans()...)
		}
	}
}

func (r *receiver) addMetrics(m *metricspb.ExportMetricsServiceRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, resource := range m.GetResourceMetrics() {
		for _, scope := range resource.GetScopeMetrics() {
			for _, metric := range scope.GetMetrics() {
				r.instruments[metric.GetName()] = true
			}
		}
	}
}

// print writes the trace as a tree, and our instruments.
func (r *receiver) print(out io.Writer) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.SortFunc(r.spans, func(a, b *trace.Span) int { return cmp.Compare(a.GetStartTimeUnixNano(), b.GetStartTimeUnixNano()) })
	r.printBelow(out, "", "")
	for _, name := range slices.Sorted(maps.Keys(r.instruments)) {
		if strings.HasPrefix(name, "retry.") || strings.HasPrefix(name, "idempotency.") {
			if _, err := fmt.Fprintln(out, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// shown are the attributes that are printed.
var shown = []string{"retry.outcome", "http.request.resend_count", "error.type", "idempotency.result"}

func (r *receiver) printBelow(out io.Writer, parent, indent string) {
	for _, s := range r.spans {
		if string(s.GetParentSpanId()) != parent {
			continue
		}
		fmt.Fprintf(out, "%s%s", indent, s.GetName())
		for _, name := range shown {
			if value, ok := find(s.GetAttributes(), name); ok {
				fmt.Fprintf(out, ", %s %s", name, value)
			}
		}
		fmt.Fprintln(out)
		r.printBelow(out, string(s.GetSpanId()), indent+"  ")
	}
}

func find(attributes []*common.KeyValue, name string) (string, bool) {
	for _, kv := range attributes {
		if kv.GetKey() == name {
			if text := kv.GetValue().GetStringValue(); text != "" {
				return text, true
			}
			return fmt.Sprint(kv.GetValue().GetIntValue()), true
		}
	}
	return "", false
}
