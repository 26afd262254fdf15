package eventlog

import (
	"context"
	"log/slog"
	"sync"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/book"
)

// Slots logs modes of targets at Debug, and outages of the store at Warn, for each target once
// when they begin to cost callers their slots, and when they end. nil logs nothing.
func Slots(logger *slog.Logger) slot.QueueOption {
	l, ctx := on(logger), context.Background()
	var down sync.Map // targets whose outage has been told
	return slot.WithQueueObserver(slot.QueueObserver{
		Mode: func(target string, from, to book.Mode) {
			l.LogAttrs(ctx, slog.LevelDebug, "target changes mode", slog.String("target", target),
				slog.String("from", from.String()), slog.String("to", to.String()))
		},
		FellBack: func(target string, callers int, err error) {
			if _, told := down.LoadOrStore(target, nil); told {
				return
			}
			l.LogAttrs(ctx, slog.LevelWarn, "callers not paced, store cannot be asked",
				slog.String("target", target), slog.Int("callers", callers), failure(err))
		},
		Recovered: func(target string) {
			down.Delete(target)
			l.LogAttrs(ctx, slog.LevelWarn, "store of slots answers again", slog.String("target", target))
		},
		Polling: func(target string, err error) {
			l.LogAttrs(ctx, slog.LevelWarn, "notices of slots cannot be heard, polling",
				slog.String("target", target), failure(err))
		},
	})
}
