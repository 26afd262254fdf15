package otel

import (
	otelapi "go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// Attributes of this project. The others are from the semantic conventions.
const (
	keyService    = attribute.Key("service")
	keyOperation  = attribute.Key("operation")
	keyTarget     = attribute.Key("retry.target")
	keyOutcome    = attribute.Key("retry.outcome")
	keyReason     = attribute.Key("retry.reason")
	keyAttempt    = attribute.Key("retry.attempt")
	keyAttempts   = attribute.Key("retry.attempts")
	keyKeyed      = attribute.Key("retry.keyed")
	keyDelay      = attribute.Key("retry.delay")
	keyWaitSource = attribute.Key("retry.wait.source")
	keyHedge      = attribute.Key("retry.hedge.result")
	keyResume     = attribute.Key("retry.resume.result")
	keyResult     = attribute.Key("idempotency.result")
	keyState      = attribute.Key("idempotency.state")
	keyEnding     = attribute.Key("idempotency.ending")
	keyID         = attribute.Key("idempotency.id")
	keyVerdict    = attribute.Key("admission.verdict")
	keyTicket     = attribute.Key("admission.ticket")
	keyMode       = attribute.Key("slot.mode")
	keyStore      = attribute.Key("slot.store.result")
	keyStoreOp    = attribute.Key("idempotency.store.op")
	keySource     = attribute.Key("skew.source")
	keySkewResult = attribute.Key("skew.result")
)

// description is what an instrument is made of. doc.go has the same table for people.
type description struct {
	name, unit, text string
	buckets          []float64 // of a histogram
}

var (
	// seconds are the buckets of http.client.request.duration, with room for long waits.
	seconds = []float64{.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10, 30, 60, 120}
	// quick are the buckets of questions to a store, in the same process or in the same city.
	quick = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}
	// attempts are the buckets of what is mostly 1.
	attempts = []float64{1, 2, 3, 4, 5, 8}
)

// The instruments of calls.
var (
	callDuration = description{"retry.call.duration", "s", "Duration of calls, with all attempts and waits.", seconds}
	callAttempts = description{"retry.call.attempts", "{attempt}", "Attempts that calls took.", attempts}
	retries      = description{"retry.retries", "{retry}", "Further attempts of calls, when they are decided; a caller may leave before.", nil}
	suppressed   = description{"retry.suppressed", "{retry}", "Attempts that a call would have needed and did not get.", nil}
	waitDuration = description{"retry.wait.duration", "s", "Waits before another attempt.", seconds}
	unpaced      = description{"retry.unpaced", "{retry}", "Attempts that wait by backoff because the pacer failed.", nil}
	hedges       = description{"retry.hedges", "{attempt}", "Attempts that were slow, by what came of their hedges.", nil}
	budgetLeft   = description{"retry.budget.left", "{retry}", "Retries that the budget would still pay for.", nil}
	resumes      = description{"retry.resumes", "{download}", "Downloads that broke, by whether they went on.", nil}
)

// The instruments of servers and of claims.
var (
	requests      = description{"idempotency.requests", "{request}", "Requests, by how they were answered.", nil}
	duplicates    = description{"retry.duplicate_operations", "{operation}", "Operations that came again and were not run again.", nil}
	claims        = description{"idempotency.claims", "{claim}", "Claims, by the state in which the operation was found.", nil}
	renewals      = description{"idempotency.renewals", "{renewal}", "Renewals of leases.", nil}
	endings       = description{"idempotency.endings", "{claim}", "Claims that ended, by how, and whether the store took it.", nil}
	storeDuration = description{"idempotency.store.duration", "s", "Questions to the store of records.", quick}
	inflightWait  = description{"idempotency.inflight.wait", "s", "Waits of claims for another's run of the operation.", seconds}
	admissions    = description{"admission.requests", "{request}", "Requests, by whether they were let in.", nil}
	admitWait     = description{"admission.wait.duration", "s", "Waits of requests for a place.", seconds}
	admitSlot     = description{"admission.slot.duration", "s", "Time after which refused callers were told to come back.", seconds}
	admitWaiting  = description{"admission.waiting", "{request}", "Requests that wait for a place.", nil}
	admitRate     = description{"admission.rate", "{request}/s", "Requests in a second that the limit lets in.", nil}
)

// The instruments of pacers and clocks.
var (
	slotWait      = description{"retry.slot_distribution", "s", "Time until the slots that were given.", seconds}
	slotStore     = description{"slot.store.duration", "s", "Questions to the store of slots.", quick}
	slotModes     = description{"slot.mode_changes", "{change}", "Targets that were seen in another mode than before.", nil}
	slotFallbacks = description{"slot.fallbacks", "{caller}", "Callers that were not paced because the store could not be asked.", nil}
	slotRecovered = description{"slot.recoveries", "{recovery}", "Times that the store of slots answered again.", nil}
	slotDeaf      = description{"slot.notice_failures", "{failure}", "Times that notices of the store could not be listened for.", nil}
	clockSkew     = description{"retry.clock_skew", "s", "True time less the operating system's.", nil}
	clockUnsure   = description{"skew.uncertainty", "s", "How far off the clock may be.", nil}
	clockRounds   = description{"skew.rounds", "{round}", "Rounds in which the sources of time were asked.", nil}
	clockSyncs    = description{"skew.sync", "{sync}", "Answers of the sources of time.", nil}
)

// meter makes instruments. What the provider does not like is told to OpenTelemetry's handler
// of errors, and telemetry that fails is no reason for a program to fail.
type meter struct{ metric.Meter }

func (c *config) meter() meter {
	return meter{c.meters.Meter(scope, metric.WithSchemaURL(semconv.SchemaURL), metric.WithInstrumentationVersion(version()))}
}

func must[I any](instrument I, err error) I {
	if err != nil {
		otelapi.Handle(err)
	}
	return instrument
}

func (m meter) counter(d description) metric.Int64Counter {
	return must(m.Int64Counter(d.name, metric.WithUnit(d.unit), metric.WithDescription(d.text)))
}

func (m meter) gauge(d description) metric.Float64Gauge {
	return must(m.Float64Gauge(d.name, metric.WithUnit(d.unit), metric.WithDescription(d.text)))
}

func (m meter) observable(d description) metric.Float64ObservableGauge {
	return must(m.Float64ObservableGauge(d.name, metric.WithUnit(d.unit), metric.WithDescription(d.text)))
}

func (m meter) histogram(d description) metric.Float64Histogram {
	return must(m.Float64Histogram(d.name, metric.WithUnit(d.unit), metric.WithDescription(d.text),
		metric.WithExplicitBucketBoundaries(d.buckets...)))
}

func (m meter) counts(d description) metric.Int64Histogram {
	return must(m.Int64Histogram(d.name, metric.WithUnit(d.unit), metric.WithDescription(d.text),
		metric.WithExplicitBucketBoundaries(d.buckets...)))
}
