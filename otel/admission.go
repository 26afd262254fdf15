package otel

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/goaroundhq/goaround/server"
)

// Admission reports the decisions of [server.Admission], and tells them to the span in the
// request's context.
func Admission(opts ...Option) server.AdmissionOption {
	c := newConfig(opts)
	m, service := c.meter(), keyService.String(c.service)
	a := &admissionMetrics{
		requests: m.counter(admissions), wait: m.histogram(admitWait), slot: m.histogram(admitSlot),
		waiting: m.gauge(admitWaiting), rate: m.gauge(admitRate),
		service: recording(service), decided: make(map[entry]add),
	}
	for _, v := range []server.Verdict{server.Admitted, server.Refused, server.Left} {
		for _, ticket := range []bool{false, true} {
			a.decided[entry{v, ticket}] = adding(service, keyVerdict.String(string(v)), keyTicket.Bool(ticket))
		}
	}
	return server.WithAdmissionObserver(server.AdmissionObserver{Decided: a.decide})
}

type admissionMetrics struct {
	requests      metric.Int64Counter
	wait, slot    metric.Float64Histogram
	waiting, rate metric.Float64Gauge
	service       record
	decided       map[entry]add // read only
}

type entry struct {
	verdict server.Verdict
	ticket  bool
}

func (a *admissionMetrics) decide(ctx context.Context, e server.Entry) {
	if e.Verdict != server.Admitted || e.Waited > 0 {
		tellVerdict(ctx, e)
	}
	if !a.requests.Enabled(ctx) {
		return
	}
	a.requests.Add(ctx, 1, a.decided[entry{e.Verdict, e.Claimed}]...)
	a.wait.Record(ctx, e.Waited.Seconds(), a.service...)
	if e.Verdict == server.Refused {
		a.slot.Record(ctx, e.Slot.Seconds(), a.service...)
	}
	a.waiting.Record(ctx, float64(e.Waiting), a.service...)
	a.rate.Record(ctx, e.Rate, a.service...)
}

// tellVerdict tells the request's span of what was not plain sailing.
func tellVerdict(ctx context.Context, e server.Entry) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	span.AddEvent("admission", trace.WithAttributes(
		keyVerdict.String(string(e.Verdict)), keyTicket.Bool(e.Claimed),
		attribute.Float64("admission.wait", e.Waited.Seconds()), attribute.Float64("admission.slot", e.Slot.Seconds()),
	))
}
