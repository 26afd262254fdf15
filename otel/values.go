package otel

import (
	"context"
	"maps"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// other stands for the values that are not told apart, as in the semantic conventions.
const other = "_OTHER"

// values keeps what was made for each value of an attribute that is found out at run time.
// There are never more than max, so a client that chooses values cannot fill the memory, of
// this process or of the one that stores the metrics. To read it costs one load and no lock.
type values[V any] struct {
	fresh func(value string) V
	max   int

	known atomic.Pointer[map[string]V]
	mu    sync.Mutex // of those who add one
	rest  func() V
}

func newValues[V any](limit int, fresh func(string) V) *values[V] {
	v := &values[V]{fresh: fresh, max: limit, rest: sync.OnceValue(func() V { return fresh(other) })}
	v.known.Store(&map[string]V{})
	return v
}

func (v *values[V]) of(value string) V {
	if found, ok := (*v.known.Load())[value]; ok {
		return found
	}
	if value == "" {
		return v.rest()
	}
	return v.add(value)
}

func (v *values[V]) add(value string) V {
	if len(*v.known.Load()) >= v.max {
		return v.rest()
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	known := *v.known.Load()
	if found, ok := known[value]; ok {
		return found
	}
	if len(known) >= v.max {
		return v.rest()
	}
	made := v.fresh(value)
	more := maps.Clone(known)
	more[value] = made
	v.known.Store(&more)
	return made
}

// An option that was made before, in a slice that was made before, costs nothing to pass.
type (
	add    = []metric.AddOption
	record = []metric.RecordOption
)

func adding(kv ...attribute.KeyValue) add {
	return add{metric.WithAttributeSet(attribute.NewSet(kv...))}
}

func recording(kv ...attribute.KeyValue) record {
	return record{metric.WithAttributeSet(attribute.NewSet(kv...))}
}

// beginnings are the series of what should never happen, and how they begin, with 0. Without
// it the first event would be the first that is known of the series, and Prometheus would see
// no increase.
type beginnings []*beginning

type beginning struct {
	counter metric.Int64Counter
	series  []add
	begun   atomic.Bool
}

// from begins the series of a counter. A global provider that is not set yet takes nothing
// down, which is what begin is for.
func (b *beginnings) from(counter metric.Int64Counter, series ...add) {
	begins := &beginning{counter: counter, series: series}
	begins.begin(context.Background())
	*b = append(*b, begins)
}

// begin is for before every event.
func (b beginnings) begin(ctx context.Context) {
	for _, begins := range b {
		if !begins.begun.Load() {
			begins.begin(ctx)
		}
	}
}

// begin does it once the counter counts.
func (b *beginning) begin(ctx context.Context) {
	if !b.counter.Enabled(ctx) || b.begun.Swap(true) {
		return
	}
	for _, options := range b.series {
		b.counter.Add(context.Background(), 0, options...)
	}
}
