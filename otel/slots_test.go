package otel_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	goaroundotel "github.com/goaroundhq/goaround/otel"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/book"
)

// books is a store of slots that can be out of reach.
type books struct {
	*slot.Memory
	down atomic.Bool
}

func (b *books) Ask(ctx context.Context, target string, r book.Rules, a book.Ask) (book.Answer, error) {
	if b.down.Load() {
		return book.Answer{}, errors.New("down")
	}
	return b.Memory.Ask(ctx, target, r, a)
}

// A slot that a call of a sampled trace was given is the exemplar of what it waited.
func TestSlotsHaveExemplars(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMeters(t)
		q := slot.NewQueue(goaroundotel.Slots(m.shop()...))
		ctx, span := newTracer(t).Tracer("test").Start(t.Context(), "work")
		defer span.End()
		r, err := q.Reserve(ctx, target, slot.Feedback{Attempt: 1, Result: slot.Failed})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.(slot.Awaiter).Wait(ctx); err != nil {
			t.Fatal(err)
		}
		if err := q.Close(); err != nil {
			t.Error(err)
		}
		synctest.Wait() // for who gave the slot
		given, _ := m.collect(t)["retry.slot_distribution"].Data.(metricdata.Histogram[float64])
		id := span.SpanContext().TraceID()
		if len(given.DataPoints) != 1 || len(given.DataPoints[0].Exemplars) != 1 || !bytes.Equal(given.DataPoints[0].Exemplars[0].TraceID, id[:]) {
			t.Errorf("want one exemplar with %s in %+v", id, given.DataPoints)
		}
	})
}

func TestSlotsCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMeters(t)
		store := &books{Memory: slot.NewMemory()}
		q := slot.NewQueue(slot.WithStore(store), goaroundotel.Slots(m.shop()...))
		failed := slot.Feedback{Attempt: 1, Result: slot.Failed}
		for range 10 {
			q.Report(target, failed)
		}
		reserve := func() error {
			r, err := q.Reserve(t.Context(), target, failed)
			if err != nil {
				return err
			}
			if a, ok := r.(slot.Awaiter); ok {
				return a.Wait(t.Context())
			}
			return nil
		}
		if err := reserve(); err != nil {
			t.Fatal(err)
		}
		store.down.Store(true)
		for range 3 {
			q.Report(target, failed)
			_ = reserve()
		}
		if got := m.series(t, "slot.fallbacks"); len(got) != 1 {
			t.Errorf("fallbacks %q", got)
		}
		store.down.Store(false)
		for range 10 {
			time.Sleep(6 * time.Second)
			_ = reserve()
		}
		for name, want := range map[string]int{
			"retry.slot_distribution": 1, "slot.store.duration": 2, "slot.recoveries": 1,
		} {
			if got := m.series(t, name); len(got) != want {
				t.Errorf("%s: %q, want %d series", name, got, want)
			}
		}
		// Stores answer within microseconds or milliseconds.
		asked, _ := m.collect(t)["slot.store.duration"].Data.(metricdata.Histogram[float64])
		if want := []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}; !slices.Equal(asked.DataPoints[0].Bounds, want) {
			t.Errorf("buckets %v, want %v", asked.DataPoints[0].Bounds, want)
		}
		if got := m.series(t, "slot.mode_changes"); len(got) == 0 {
			t.Error("no mode was seen to change")
		}
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
}
