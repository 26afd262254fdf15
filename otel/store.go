package otel

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/goaroundhq/goaround/idem"
)

// storeMetrics are of the questions of a guard to its store, and of waits for another's run.
type storeMetrics struct {
	duration, waits metric.Float64Histogram

	asked  [idem.StoreWait + 1][storeErrorCount]record
	waited [idem.Unknown + 1]record
}

// storeError is what came of a question. Of those that have a name the first three are answers
// of a store that works.
type storeError int

const (
	storeNoError storeError = iota
	storeFenced
	storeLost
	storeFull
	storeTimeout
	storeCanceled // the operation was over before a renewal of its lease
	storeFailed
	storeErrorCount
)

var storeErrorNames = [storeErrorCount]string{"", "fenced", "lost", "full", "timeout", "canceled", other}

func storeErrorOf(err error) storeError {
	if err == nil {
		return storeNoError // before anything escapes to the heap
	}
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, idem.ErrFenced):
		return storeFenced
	case errors.Is(err, idem.ErrLost):
		return storeLost
	case errors.Is(err, idem.ErrFull):
		return storeFull
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return storeTimeout
	case errors.Is(err, context.Canceled):
		return storeCanceled
	default:
		return storeFailed
	}
}

func newStoreMetrics(c *config) *storeMetrics {
	m, service := c.meter(), keyService.String(c.service)
	s := &storeMetrics{duration: m.histogram(storeDuration), waits: m.histogram(inflightWait)}
	for op := range s.asked {
		asked := keyStoreOp.String(idem.StoreOp(op).String())
		s.asked[op][storeNoError] = recording(service, asked)
		for e := storeFenced; e < storeErrorCount; e++ {
			s.asked[op][e] = recording(service, asked, semconv.ErrorTypeKey.String(storeErrorNames[e]))
		}
	}
	for state := range s.waited {
		s.waited[state] = recording(service, keyState.String(idem.State(state).String()))
	}
	return s
}

// ask leaves out waits that went well: they take as long as another's run, which waits tell.
func (s *storeMetrics) ask(ctx context.Context, info idem.AskedInfo) {
	if info.Op == idem.StoreWait && info.Err == nil {
		return
	}
	if int(info.Op) < len(s.asked) {
		s.duration.Record(ctx, info.Latency.Seconds(), s.asked[info.Op][storeErrorOf(info.Err)]...)
	}
}

func (s *storeMetrics) wait(ctx context.Context, info idem.WaitedInfo) {
	if state := info.Result.State; int(state) < len(s.waited) {
		s.waits.Record(ctx, info.Waited.Seconds(), s.waited[state]...)
	}
}
