package otel

import (
	"context"

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
		Recovered: func(ctx context.Context, _ slot.RecoveredInfo) { s.recovered.Add(ctx, 1, s.service...) },
		Polling:   func(ctx context.Context, _ slot.PollingInfo) { s.deaf.Add(ctx, 1, s.service...) },
	}
}

type slotMetrics struct {
	waits, asked                      metric.Float64Histogram
	modes, fallbacks, recovered, deaf metric.Int64Counter

	service                       add
	granted, answered, unanswered record
	mode                          [book.Paced + 1]add
	zero                          beginnings
}

func (s *slotMetrics) ask(ctx context.Context, info slot.AskedInfo) {
	s.zero.begin(ctx)
	options := s.answered
	if info.Err != nil {
		options = s.unanswered
	}
	s.asked.Record(ctx, info.Latency.Seconds(), options...)
}

func (s *slotMetrics) grant(ctx context.Context, info slot.GrantedInfo) {
	s.waits.Record(ctx, info.Wait.Seconds(), s.granted...)
}

func (s *slotMetrics) change(ctx context.Context, info slot.ModeInfo) {
	if int(info.To) < len(s.mode) {
		s.modes.Add(ctx, 1, s.mode[info.To]...)
	}
}

func (s *slotMetrics) fellBack(ctx context.Context, info slot.FellBackInfo) {
	s.zero.begin(ctx)
	s.fallbacks.Add(ctx, int64(info.Callers), s.service...)
}
