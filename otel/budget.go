package otel

import (
	"context"

	otelapi "go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"

	"github.com/goaroundhq/goaround/transport"
)

// Budget reports what is left of a [transport.Budget] for each of its targets, whenever metrics
// are collected and at no other time: calls do not notice. The targets beyond [WithMaxValues]
// are shown as one, _OTHER, which has the least that any of them has; so are those that share an
// account of the budget. It does so until stop is called; a budget that lives as long as the
// program needs no stop.
//
// Several budgets of one service would show different amounts for the same target, of which one
// is seen: give each its own [WithService], or share one budget.
func Budget(b *transport.Budget, opts ...Option) (stop func()) {
	c := newConfig(opts)
	m, service := c.meter(), keyService.String(c.service)
	left := m.observable(budgetLeft)
	targets := newValues(c.maxValues, func(name string) string { return name })
	registration, err := m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		least := map[string]float64{}
		for target, state := range b.All() {
			shown := targets.of(target)
			if known, ok := least[shown]; !ok || state.Left < known {
				least[shown] = state.Left
			}
		}
		for shown, amount := range least {
			o.ObserveFloat64(left, amount, metric.WithAttributes(service, keyTarget.String(shown)))
		}
		return nil
	}, left)
	if err != nil {
		otelapi.Handle(err)
		return func() {}
	}
	return func() {
		if err := registration.Unregister(); err != nil {
			otelapi.Handle(err)
		}
	}
}
