package otel

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/book"
)

// Slots reports what a [slot.Queue] does.
func Slots(opts ...Option) slot.QueueOption {
	return slot.WithQueueObserver(newSlotMetrics(newConfig(opts)).observer())
}

func newSlotMetrics(c *config) *slotMetrics {
	m, service := c.meter(), keyService.String(c.service)
	s := &slotMetrics{
		waits: m.histogram(slotWait), asked: m.histogram(slotStore),
		modes: m.counter(slotModes), fallbacks: m.counter(slotFallbacks),
		recovered: m.counter(slotRecovered), deaf: m.counter(slotDeaf),
		granted: recording(service), service: adding(service),
		answered: recording(service, keyStore.String("ok")), unanswered: recording(service, keyStore.String("failed")),
	}
	for mode := range s.mode {
		s.mode[mode] = adding(service, keyMode.String(book.Mode(mode).String()))
	}
	s.zero.from(s.fallbacks, s.service)
	return s
}

func (s *slotMetrics) observer() slot.QueueObserver {
	return slot.QueueObserver{
		Asked: s.ask, Granted: s.grant, Mode: s.change, FellBack: s.fellBack,
		Recovered: func(string) { s.recovered.Add(context.Background(), 1, s.service...) },
		Polling:   func(string, error) { s.deaf.Add(context.Background(), 1, s.service...) },
	}
}

// slotMetrics has the context of a caller for slots alone: what else a queue does, it does for
// many callers.
type slotMetrics struct {
	waits, asked                      metric.Float64Histogram
	modes, fallbacks, recovered, deaf metric.Int64Counter

	service                       add
	granted, answered, unanswered record
	mode                          [book.Paced + 1]add
	zero                          beginnings
}

func (s *slotMetrics) ask(_ string, took time.Duration, err error) {
	s.zero.begin(context.Background())
	options := s.answered
	if err != nil {
		options = s.unanswered
	}
	s.asked.Record(context.Background(), took.Seconds(), options...)
}

func (s *slotMetrics) grant(ctx context.Context, _ string, wait time.Duration) {
	s.waits.Record(ctx, wait.Seconds(), s.granted...)
}

func (s *slotMetrics) change(_ string, _, to book.Mode) {
	if int(to) < len(s.mode) {
		s.modes.Add(context.Background(), 1, s.mode[to]...)
	}
}

func (s *slotMetrics) fellBack(_ string, callers int, _ error) {
	s.zero.begin(context.Background())
	s.fallbacks.Add(context.Background(), int64(callers), s.service...)
}
