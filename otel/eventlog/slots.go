package eventlog

import (
	"context"
	"log/slog"
	"sync"

	"github.com/goaroundhq/goaround/slot"
)

// Slots logs modes of targets at Debug, and outages of the store at Warn, for each target once
// when they begin to cost callers their slots, and when they end. nil logs nothing.
func Slots(logger *slog.Logger) slot.QueueOption {
	l := on(logger)
	var down sync.Map // targets whose outage has been told
	return slot.WithQueueObserver(slot.QueueObserver{
		Mode: func(ctx context.Context, info slot.ModeInfo) {
			l.LogAttrs(ctx, slog.LevelDebug, "target changes mode", slog.String("target", info.Target),
				slog.String("from", info.From.String()), slog.String("to", info.To.String()))
		},
		FellBack: func(ctx context.Context, info slot.FellBackInfo) {
			if _, told := down.LoadOrStore(info.Target, nil); told {
				return
			}
			l.LogAttrs(ctx, slog.LevelWarn, "callers not paced, store cannot be asked",
				slog.String("target", info.Target), slog.Int("callers", info.Callers), failure(info.Err))
		},
		Recovered: func(ctx context.Context, info slot.RecoveredInfo) {
			down.Delete(info.Target)
			l.LogAttrs(ctx, slog.LevelWarn, "store of slots answers again", slog.String("target", info.Target))
		},
		Polling: func(ctx context.Context, info slot.PollingInfo) {
			l.LogAttrs(ctx, slog.LevelWarn, "notices of slots cannot be heard, polling",
				slog.String("target", info.Target), failure(info.Err))
		},
	})
}
