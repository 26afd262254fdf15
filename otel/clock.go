package otel

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/goaroundhq/goaround/skew"
)

// Clock reports the rounds of a [skew.Clock]: after each one how far the operating system's
// clock is off, and what every source said. A clock that is never synchronized has nothing
// to report.
func Clock(opts ...Option) skew.Option {
	c := newConfig(opts)
	m, service := c.meter(), keyService.String(c.service)
	k := &clockMetrics{
		skew: m.gauge(clockSkew), uncertainty: m.gauge(clockUnsure),
		rounds: m.counter(clockRounds), syncs: m.counter(clockSyncs),
		name: service, service: recording(service),
		sources: newValues(c.maxValues, keySource.String),
	}
	for _, name := range roundNames {
		k.zero.from(k.rounds, adding(service, keySkewResult.String(name)))
	}
	return skew.WithObserver(skew.Observer{Synced: k.synced})
}

type clockMetrics struct {
	skew, uncertainty metric.Float64Gauge
	rounds, syncs     metric.Int64Counter

	name    attribute.KeyValue
	service record
	sources *values[attribute.KeyValue]
	zero    beginnings
}

// synced is called once in a round, every few minutes, so it may make its attributes then.
func (k *clockMetrics) synced(ctx context.Context, r skew.Report) {
	k.zero.begin(ctx)
	if r.Status != skew.Unknown {
		k.skew.Record(ctx, r.Offset.Seconds(), k.service...)
		k.uncertainty.Record(ctx, r.Uncertainty.Seconds(), k.service...)
	}
	k.rounds.Add(ctx, 1, adding(k.name, keySkewResult.String(roundOf(r.Err)))...)
	for _, s := range r.Sources {
		k.syncs.Add(ctx, 1, adding(k.name, k.sources.of(s.Source), keySkewResult.String(string(s.Result)))...)
	}
}

var roundNames = []string{"ok", "too_few", "disagree", "unconfirmed", "failed"}

// roundOf names why a round gave no time, with one of roundNames.
func roundOf(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, skew.ErrTooFew):
		return "too_few"
	case errors.Is(err, skew.ErrDisagree):
		return "disagree"
	case errors.Is(err, skew.ErrUnconfirmed):
		return "unconfirmed"
	default:
		return "failed"
	}
}
