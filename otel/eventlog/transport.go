package eventlog

import (
	"context"
	"errors"
	"log/slog"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// Transport logs retries and hedges at Debug, downloads that broke at Debug when they go on,
// and at Warn when not, and calls that are given up at Warn. Where the caller has left, a call
// is not logged, and a download at Debug. nil logs nothing.
func Transport(logger *slog.Logger) transport.Option {
	c := calls{on(logger)}
	return join(
		transport.WithObserver(transport.Observer{Attempt: c.attempt}),
		transport.WithStepObserver(transport.StepObserver{Hedge: c.hedge, Resume: c.resume}),
	)
}

// join makes one option of two. The type parameters let it name what it is applied to.
func join[C any, O ~func(*C)](first, second O) O {
	return func(c *C) { first(c); second(c) }
}

type calls struct{ *slog.Logger }

func (l calls) attempt(ctx context.Context, a transport.Attempt) {
	switch {
	case !a.Last:
		l.retry(ctx, a)
	case a.Stop != nil && !left(ctx) && !errors.Is(a.Stop, context.Canceled) && l.Enabled(ctx, slog.LevelWarn):
		l.LogAttrs(ctx, slog.LevelWarn, "call given up", append(about(ctx, a), problem("reason", a.Stop))...)
	}
}

func (l calls) retry(ctx context.Context, a transport.Attempt) {
	level := slog.LevelDebug
	if a.PacerErr != nil && !errors.Is(a.PacerErr, slot.ErrUnavailable) {
		level = slog.LevelWarn // of an outage of its store, the queue tells itself
	}
	if !l.Enabled(ctx, level) {
		return
	}
	attrs := append(about(ctx, a), slog.Duration("delay", a.Delay), slog.String("source", a.Source.String()))
	if a.PacerErr != nil {
		attrs = append(attrs, problem("pacer_error", a.PacerErr))
	}
	l.LogAttrs(ctx, level, "attempt failed, another follows", attrs...)
}

// left reports whether the caller has gone, for another reason than that it took too long.
func left(ctx context.Context) bool {
	return errors.Is(ctx.Err(), context.Canceled) && !errors.Is(context.Cause(ctx), context.DeadlineExceeded)
}

// about is what all events of an attempt have.
func about(ctx context.Context, a transport.Attempt) []slog.Attr {
	attrs := []slog.Attr{slog.String("target", a.Target), slog.Int("attempt", a.Number)}
	if a.Status > 0 {
		attrs = append(attrs, slog.Int("status", a.Status))
	}
	return append(attrs, failure(a.Err), keyHash(ctx))
}

func (l calls) hedge(ctx context.Context, h transport.Hedged) {
	l.LogAttrs(ctx, slog.LevelDebug, "attempt hedged", slog.String("target", h.Target),
		slog.Int("hedges", h.Hedges), slog.Int("winner", h.Winner),
		slog.Duration("delay", h.Delay), slog.Duration("latency", h.Latency), failure(h.Refused))
}

func (l calls) resume(ctx context.Context, r transport.Resumed) {
	level, text := slog.LevelDebug, "download resumed"
	switch {
	case r.Stop != nil && left(ctx):
		text = "download left"
	case r.Stop != nil:
		level, text = slog.LevelWarn, "download broken"
	}
	if !l.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("target", r.Target), slog.Int64("offset", r.Offset), slog.Int64("size", r.Size), failure(r.Err),
	}
	if r.Stop != nil {
		attrs = append(attrs, problem("reason", r.Stop))
	}
	l.LogAttrs(ctx, level, text, attrs...)
}
