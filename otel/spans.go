package otel

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// tracing makes the spans of calls and attempts.
type tracing struct {
	tracer      trace.Tracer
	propagators propagation.TextMapPropagator
	noAttempts  bool
}

func newTracing(c *config) *tracing {
	return &tracing{
		tracer: c.tracers.Tracer(scope,
			trace.WithSchemaURL(semconv.SchemaURL), trace.WithInstrumentationVersion(version())),
		propagators: c.propagators, noAttempts: c.noAttempts,
	}
}

// calls is the step around a call.
func (t *tracing) calls(next http.RoundTripper) http.RoundTripper { return &callStep{t, next} }

// attempts are the steps around an exchange.
func (t *tracing) attempts() []transport.Step {
	if t.noAttempts {
		return nil
	}
	return []transport.Step{func(next http.RoundTripper) http.RoundTripper { return &attemptStep{t, next} }}
}

// traced is a call that has a span. It travels in the context, so that observers and the steps
// below find it, by the *tracing that made it: a transport may have several.
type traced struct {
	span trace.Span
	sent atomic.Int64 // exchanges
}

func (t *tracing) from(ctx context.Context) *traced {
	call, _ := ctx.Value(t).(*traced)
	return call
}

// resentKey is for the call that counts its exchanges by ResendCount.
type resentKey struct{}

// resend counts an exchange, and returns how many there were before it.
func (t *traced) resend() int { return int(t.sent.Add(1)) - 1 }

type callStep struct {
	*tracing
	next http.RoundTripper
}

func (s *callStep) CloseIdleConnections() { closeIdle(s.next) }

func (s *callStep) RoundTrip(req *http.Request) (*http.Response, error) {
	method := knownMethod(req.Method)
	ctx, span := s.tracer.Start(req.Context(), "retry "+spanName(method), trace.WithAttributes(
		append(origin(req), semconv.HTTPRequestMethodKey.String(method))...))
	returned := false
	defer func() { end(span, returned) }()
	call := &traced{span: span}
	ctx = context.WithValue(ctx, s.tracing, call)
	if s.noAttempts {
		ctx = context.WithValue(ctx, resentKey{}, call)
	}
	resp, err := s.next.RoundTrip(req.WithContext(ctx))
	returned = true
	conclude(req.Context(), span, resp, err)
	return resp, err
}

type attemptStep struct {
	*tracing
	next http.RoundTripper
}

func (s *attemptStep) CloseIdleConnections() { closeIdle(s.next) }

func (s *attemptStep) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, span := s.tracer.Start(req.Context(), spanName(knownMethod(req.Method)),
		trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(exchange(req)...))
	returned := false
	defer func() { end(span, returned) }()
	if call := s.from(ctx); call != nil {
		tellResend(span, call.resend())
	}
	sent := req.WithContext(ctx)
	sent.Header = req.Header.Clone() // the caller's must not be changed
	if sent.Header == nil {
		sent.Header = make(http.Header)
	}
	s.propagators.Inject(ctx, propagation.HeaderCarrier(sent.Header))
	resp, err := s.next.RoundTrip(sent)
	returned = true
	conclude(ctx, span, resp, err)
	return resp, err
}

// ResendCount is a step for below a RoundTripper that makes a span for each exchange but does
// not know which one of its call that is: it adds http.request.resend_count.
//
//	base := otelhttp.NewTransport(goaroundotel.ResendCount(http.DefaultTransport))
//	rt := transport.New(base, goaroundotel.Transport(
//		goaroundotel.WithTracerProvider(provider), goaroundotel.WithoutAttemptSpans()))
func ResendCount(next http.RoundTripper) http.RoundTripper {
	if next == nil {
		next = http.DefaultTransport
	}
	return &resendStep{next}
}

type resendStep struct{ next http.RoundTripper }

func (s *resendStep) CloseIdleConnections() { closeIdle(s.next) }

func (s *resendStep) RoundTrip(req *http.Request) (*http.Response, error) {
	if call, ok := req.Context().Value(resentKey{}).(*traced); ok {
		tellResend(trace.SpanFromContext(req.Context()), call.resend())
	}
	return s.next.RoundTrip(req)
}

// tellResend tells a span that its exchange is not the first of the call.
func tellResend(span trace.Span, before int) {
	if before > 0 {
		span.SetAttributes(semconv.HTTPRequestResendCount(before))
	}
}

// end ends a span, also one of which the next RoundTripper panics.
func end(span trace.Span, returned bool) {
	if !returned {
		span.SetAttributes(semconv.ErrorTypeKey.String("panic"))
		span.SetStatus(codes.Error, "panic")
	}
	span.End()
}

// conclude tells a span how it ended. A caller who has left is no error.
func conclude(ctx context.Context, span trace.Span, resp *http.Response, err error) {
	if !span.IsRecording() {
		return
	}
	switch {
	case err != nil && left(ctx):
	case err != nil:
		reason := reasonOfError(err)
		if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
			reason = reasonTimeout // a timeout of ours cancels the exchange
		}
		span.SetAttributes(semconv.ErrorTypeKey.String(reason.String()))
		span.SetStatus(codes.Error, describe(err))
	case resp != nil:
		span.SetAttributes(response(resp)...)
		if resp.StatusCode >= http.StatusBadRequest {
			span.SetStatus(codes.Error, "")
		}
	}
}

// describe is the text of an error without the URL, which may have secrets in it.
func describe(err error) string {
	for {
		var of *url.Error
		if !errors.As(err, &of) || of.Err == nil {
			return err.Error()
		}
		err = of.Err
	}
}

// left reports whether nobody wants the outcome any more, for another reason than that it
// took too long.
func left(ctx context.Context) bool {
	return errors.Is(ctx.Err(), context.Canceled) && !errors.Is(context.Cause(ctx), context.DeadlineExceeded)
}

// tellAttempt tells the call's span what follows an attempt.
func (t *tracing) tellAttempt(ctx context.Context, a transport.Attempt) {
	call := t.from(ctx)
	if call == nil || a.Last && a.Stop == nil || !call.span.IsRecording() {
		return
	}
	attributes := []attribute.KeyValue{keyAttempt.Int(a.Number), keyReason.String(reasonOf(a.Status, a.Err).String())}
	if a.Last {
		attributes[1] = keyReason.String(refusalOf(a.Stop).String())
		call.span.AddEvent("retry.suppressed", trace.WithAttributes(attributes...))
		return
	}
	name := "retry.wait"
	if a.Source == slot.FromSlot {
		name = "retry.slot"
	}
	attributes = append(attributes, keyDelay.Float64(a.Delay.Seconds()), keyWaitSource.String(a.Source.String()))
	call.span.AddEvent(name, trace.WithAttributes(attributes...))
}

// tellCall tells the call's span how it ended, as the metrics have it.
func (t *tracing) tellCall(ctx context.Context, c transport.Call) {
	if call := t.from(ctx); call != nil && call.span.IsRecording() {
		call.span.SetAttributes(keyAttempts.Int(c.Attempts), keyKeyed.Bool(c.Keyed), keyOutcome.String(outcomeOf(ctx, c).String()))
	}
}

// closeIdle passes http.Client.CloseIdleConnections on.
func closeIdle(next http.RoundTripper) {
	if c, ok := next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
