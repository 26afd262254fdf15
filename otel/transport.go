package otel

import (
	"context"

	"go.opentelemetry.io/otel/metric"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// Transport reports the calls of [transport.New], and of the steps [transport.Retry],
// [transport.Hedge] and [transport.Resume]. With [WithTracerProvider] the calls of New have
// spans: one of kind INTERNAL for each call, with events for its waits, and below it one of
// kind CLIENT for each exchange, which the server is told of.
func Transport(opts ...Option) transport.Option {
	c := newConfig(opts)
	m := newCallMetrics(c)
	observer := transport.Observer{Attempt: m.attempt, Call: m.call}
	steps := transport.StepObserver{Hedge: m.hedge, Resume: m.resume}
	if c.tracers == nil {
		return join(transport.WithObserver(observer), transport.WithStepObserver(steps))
	}
	t := newTracing(c)
	return join(
		transport.WithObserver(transport.Observer{Attempt: t.tellAttempt, Call: t.tellCall}),
		transport.WithObserver(observer), transport.WithStepObserver(steps),
		transport.WithCallSteps(t.calls), transport.WithAttemptSteps(t.attempts()...),
	)
}

type callMetrics struct {
	duration, waits                               metric.Float64Histogram
	attempts                                      metric.Int64Histogram
	retries, suppressed, unpaced, hedges, resumes metric.Int64Counter

	sites *values[*callSite]
}

// site is found for events that are counted, and no others.
func (m *callMetrics) site(ctx context.Context, target string) *callSite {
	site := m.sites.of(target)
	site.zero.begin(ctx)
	return site
}

func newCallMetrics(c *config) *callMetrics {
	m := c.meter()
	calls := &callMetrics{
		duration: m.histogram(callDuration), attempts: m.counts(callAttempts), waits: m.histogram(waitDuration),
		retries: m.counter(retries), suppressed: m.counter(suppressed), unpaced: m.counter(unpaced),
		hedges: m.counter(hedges), resumes: m.counter(resumes),
	}
	calls.sites = newValues(c.maxValues, func(name string) *callSite {
		site := c.callSite(name)
		site.zero.from(calls.suppressed, site.suppressed[refusedBudget])
		site.zero.from(calls.unpaced, site.unpaced)
		return site
	})
	return calls
}

// What became of the hedges of an attempt, and of a download that broke.
const (
	hedgeWon = iota
	hedgeLost
	hedgeRefused
	hedgeCount
)

// callSite has the attributes of what the calls of one target count.
type callSite struct {
	calls      [outcomeCount]record
	attempts   record // without an outcome: the SDK's time grows with the attributes
	retries    [reasonCount]add
	suppressed [refusalCount]add
	waits      [slot.FromSlot + 1]record
	hedges     [hedgeCount]add
	resumed    add
	broken     add
	left       add
	unpaced    add
	zero       beginnings
}

func (c *config) callSite(name string) *callSite {
	service, target := keyService.String(c.service), keyTarget.String(name)
	s := &callSite{
		attempts: recording(service, target), unpaced: adding(service, target),
		resumed: adding(service, target, keyResume.String("resumed")),
		broken:  adding(service, target, keyResume.String("broken")),
		left:    adding(service, target, keyResume.String("canceled")),
	}
	for o := range s.calls {
		s.calls[o] = recording(service, target, keyOutcome.String(outcome(o).String()))
	}
	for r := range s.retries {
		s.retries[r] = adding(service, target, keyReason.String(reason(r).String()))
	}
	for r := range s.suppressed {
		s.suppressed[r] = adding(service, target, keyReason.String(refusal(r).String()))
	}
	for w := range s.waits {
		s.waits[w] = recording(service, target, keyWaitSource.String(slot.Source(w).String()))
	}
	for h, result := range [hedgeCount]string{"won", "lost", "refused"} {
		s.hedges[h] = adding(service, target, keyHedge.String(result))
	}
	return s
}

// call is the only one of these that the calls pass that need no retry.
func (m *callMetrics) call(ctx context.Context, c transport.Call) {
	if !m.duration.Enabled(ctx) && !m.attempts.Enabled(ctx) {
		return
	}
	site := m.site(ctx, c.Target)
	m.duration.Record(ctx, c.Latency.Seconds(), site.calls[outcomeOf(ctx, c)]...)
	m.attempts.Record(ctx, int64(c.Attempts), site.attempts...)
}

func (m *callMetrics) attempt(ctx context.Context, a transport.Attempt) {
	if a.Last && a.Stop == nil || !m.retries.Enabled(ctx) && !m.suppressed.Enabled(ctx) && !m.waits.Enabled(ctx) {
		return
	}
	site := m.site(ctx, a.Target)
	if a.Last {
		m.suppressed.Add(ctx, 1, site.suppressed[refusalOf(a.Stop)]...)
		return
	}
	m.retries.Add(ctx, 1, site.retries[reasonOf(a.Status, a.Err)]...)
	if int(a.Source) < len(site.waits) {
		m.waits.Record(ctx, a.Delay.Seconds(), site.waits[a.Source]...)
	}
	if a.PacerErr != nil {
		m.unpaced.Add(ctx, 1, site.unpaced...)
	}
}

func (m *callMetrics) hedge(ctx context.Context, h transport.Hedged) {
	if !m.hedges.Enabled(ctx) {
		return
	}
	result := hedgeLost
	switch {
	case h.Hedges == 0:
		result = hedgeRefused
	case h.Winner > 0:
		result = hedgeWon
	}
	m.hedges.Add(ctx, 1, m.site(ctx, h.Target).hedges[result]...)
}

func (m *callMetrics) resume(ctx context.Context, r transport.Resumed) {
	if !m.resumes.Enabled(ctx) {
		return
	}
	site := m.site(ctx, r.Target)
	result := site.resumed
	switch {
	case r.Stop != nil && left(ctx):
		result = site.left
	case r.Stop != nil:
		result = site.broken
	}
	m.resumes.Add(ctx, 1, result...)
}
