package otel

import (
	"context"
	"sync"
	"sync/atomic"

	otelapi "go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// sums are the series of a counter that are added up here and told when metrics are collected:
// an event costs a few nanoseconds, where an add to the SDK's counter costs some 200.
type sums struct {
	counter metric.Int64ObservableCounter

	mu  sync.Mutex
	all []*sum
}

// sum is one series. The SDK adds up what several guards tell of the same one.
type sum struct {
	atomic.Int64
	series []metric.ObserveOption
	always bool // told also while it is 0, so that the first event is seen as an increase
}

func (s *sums) of(always bool, kv ...attribute.KeyValue) *sum {
	made := &sum{series: []metric.ObserveOption{metric.WithAttributeSet(attribute.NewSet(kv...))}, always: always}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, made)
	return made
}

func (s *sums) tell(o metric.Observer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.all {
		if n := one.Load(); n > 0 || one.always {
			o.ObserveInt64(s.counter, n, one.series...)
		}
	}
}

func (m meter) sums(d description) *sums {
	return &sums{counter: must(m.Int64ObservableCounter(d.name, metric.WithUnit(d.unit), metric.WithDescription(d.text)))}
}

// tells has the sums told for as long as the provider lives.
func (m meter) tells(all ...*sums) {
	counters := make([]metric.Observable, len(all))
	for i, s := range all {
		counters[i] = s.counter
	}
	if _, err := m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for _, s := range all {
			s.tell(o)
		}
		return nil
	}, counters...); err != nil {
		otelapi.Handle(err)
	}
}
