package otel

import (
	"context"
	"encoding/hex"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// answers are all outcomes of a request.
var answers = []server.Outcome{
	server.Ignored, server.Executed, server.Replayed, server.Gone, server.Unprotected,
	server.Outcome(idem.KeyMissing), server.Outcome(idem.KeyInvalid), server.Outcome(idem.KeyExpired),
	server.Outcome(idem.BodyUnreadable), server.Outcome(idem.ScopeUnknown), server.Outcome(idem.InProgress),
	server.Outcome(idem.OutcomeUnknown), server.Outcome(idem.ResponseNotStored),
	server.Outcome(idem.KeyReused), server.Outcome(idem.StoreUnavailable),
}

// prevented are those of an operation that came again and was not run again.
var prevented = []server.Outcome{
	server.Replayed, server.Outcome(idem.InProgress), server.Outcome(idem.OutcomeUnknown),
	server.Outcome(idem.ResponseNotStored),
}

// alarming are those that should never happen.
var alarming = []server.Outcome{server.Unprotected, server.Outcome(idem.OutcomeUnknown)}

// Server reports requests to the middleware of [server.New], and the claims that it makes (as
// [Guard] would, so that is not needed beside it). The span in the request's context, such as
// that of an otelhttp handler outside of the middleware, is told the outcome; no span is made.
// Make the option once, as that of Guard.
func Server(opts ...Option) server.Option {
	c := newConfig(opts)
	return join(
		server.WithObserver(server.Observer{Answered: newServerMetrics(c).answered}),
		server.WithGuard(idem.WithGuardObserver(newGuardMetrics(c).observer())),
	)
}

func newServerMetrics(c *config) *serverMetrics {
	m := c.meter()
	requests, again := m.sums(requests), m.sums(duplicates)
	m.tells(requests, again)
	s := &serverMetrics{operation: c.operation}
	s.sites = newValues(c.maxValues, func(name string) *operationSite { return c.operationSite(name, requests, again) })
	if c.operation != "" {
		s.sites.of(c.operation) // its alarms need not wait for a request
	}
	return s
}

type serverMetrics struct {
	operation string
	sites     *values[*operationSite]
}

// operationSite has what one operation counts.
type operationSite struct {
	answered  map[server.Outcome]*sum // read only
	unknown   *sum                    // an outcome that is not among answers
	duplicate *sum
}

func (c *config) operationSite(name string, requests, again *sums) *operationSite {
	service, operation := keyService.String(c.service), keyOperation.String(name)
	s := &operationSite{
		answered:  make(map[server.Outcome]*sum, len(answers)),
		unknown:   requests.of(false, service, operation, keyResult.String(other)),
		duplicate: again.of(true, service, operation),
	}
	for _, o := range answers {
		s.answered[o] = requests.of(slices.Contains(alarming, o), service, operation, keyResult.String(string(o)))
	}
	return s
}

func (s *serverMetrics) answered(ctx context.Context, a server.Answer) {
	annotate(ctx, a)
	operation := s.operation
	if operation == "" {
		operation = a.Pattern
	}
	site := s.sites.of(operation)
	answered, ok := site.answered[a.Outcome]
	if !ok {
		answered = site.unknown
	}
	answered.Add(1)
	if slices.Contains(prevented, a.Outcome) {
		site.duplicate.Add(1)
	}
}

// annotate tells the request's span how it was answered.
func annotate(ctx context.Context, a server.Answer) {
	if a.Outcome == server.Ignored {
		return
	}
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	attributes := []attribute.KeyValue{keyResult.String(string(a.Outcome))}
	if a.ID != (idem.ID{}) {
		attributes = append(attributes, keyID.String(shortID(a.ID)))
	}
	if a.Outcome == server.Executed {
		attributes = append(attributes, keyEnding.String(a.Ending.String()))
	}
	span.SetAttributes(attributes...)
	if a.Err != nil {
		span.RecordError(a.Err)
	}
}

// shortID is enough of a record's ID to find it. The ID is a hash: it does not tell the key.
func shortID(id idem.ID) string { return hex.EncodeToString(id[:8]) }
