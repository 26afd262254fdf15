package retryable

import (
	"context"
	"fmt"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/goaroundhq/goaround/transport"
)

// Log tells a logger of attempts that failed, as an error, and of the waits that follow, for
// debugging. The logger is a retryablehttp.Logger, whose lines begin with [ERR] or [DEBUG],
// or a retryablehttp.LeveledLogger; nil logs nothing. It panics when it is anything else.
// Lines name the target, not the URL.
func Log(logger any) transport.Observer {
	switch l := logger.(type) {
	case nil:
		return transport.Observer{}
	case retryablehttp.LeveledLogger:
		return transport.Observer{Attempt: func(_ context.Context, a transport.Attempt) { logLeveled(l, a) }}
	case retryablehttp.Logger:
		return transport.Observer{Attempt: func(_ context.Context, a transport.Attempt) { logLine(l, a) }}
	default:
		panic(wrongLogger(logger))
	}
}

func logLeveled(l retryablehttp.LeveledLogger, a transport.Attempt) {
	if a.Err != nil {
		l.Error("attempt failed", "target", a.Target, "attempt", a.Number, "error", a.Err)
	}
	if !a.Last {
		l.Debug("trying again", "target", a.Target, "attempt", a.Number, "status", a.Status,
			"delay", a.Delay, "source", a.Source.String())
	}
}

func logLine(l retryablehttp.Logger, a transport.Attempt) {
	if a.Err != nil {
		l.Printf("[ERR] %s: attempt %d failed: %v", a.Target, a.Number, a.Err)
	}
	if !a.Last {
		l.Printf("[DEBUG] %s: attempt %d (status: %d): trying again in %s (%s)", a.Target, a.Number, a.Status, a.Delay, a.Source)
	}
}

// printer is what log hooks are given for a client's logger.
func printer(logger any) retryablehttp.Logger {
	switch l := logger.(type) {
	case nil:
		return nil
	case retryablehttp.LeveledLogger:
		return leveled{l}
	case retryablehttp.Logger:
		return l
	default:
		panic(wrongLogger(logger))
	}
}

// leveled lets hooks print to a LeveledLogger.
type leveled struct{ retryablehttp.LeveledLogger }

func (l leveled) Printf(format string, args ...any) { l.Info(fmt.Sprintf(format, args...)) }

func wrongLogger(logger any) string {
	return fmt.Sprintf("retryable: the logger is neither a retryablehttp.Logger nor a LeveledLogger but %T", logger)
}
