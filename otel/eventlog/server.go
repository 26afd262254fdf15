package eventlog

import (
	"context"
	"errors"
	"log/slog"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// Server logs how requests were answered, but for first runs that ended well and requests
// without a key. nil logs nothing.
func Server(logger *slog.Logger) server.Option {
	l := on(logger)
	return server.WithObserver(server.Observer{Answered: func(ctx context.Context, a server.Answer) {
		level, ok := levelOf(a)
		if !ok || !l.Enabled(ctx, level) {
			return
		}
		attrs := []slog.Attr{
			slog.String("outcome", string(a.Outcome)), slog.Int("status", a.Status),
			slog.String("pattern", a.Pattern), idOf(a.ID), failure(a.Err),
		}
		if a.Outcome == server.Executed {
			attrs = append(attrs, slog.String("ending", a.Ending.String()))
		}
		l.LogAttrs(ctx, level, "request answered", attrs...)
	}})
}

// levelOf says how loud an answer is told; ok is false when it is not.
func levelOf(a server.Answer) (level slog.Level, ok bool) {
	switch a.Outcome {
	case server.Ignored:
		return 0, false
	case server.Executed:
		switch {
		case errors.Is(a.Err, idem.ErrFenced):
			return slog.LevelError, true
		case a.Err != nil, a.Ending == idem.Abandoned:
			return slog.LevelWarn, true
		default:
			return 0, false
		}
	case server.Unprotected, server.Outcome(idem.OutcomeUnknown), server.Outcome(idem.StoreUnavailable),
		server.Outcome(idem.ResponseNotStored):
		return slog.LevelWarn, true
	default:
		return slog.LevelDebug, true
	}
}

// Admission logs at Debug requests that were refused or left. nil logs nothing.
func Admission(logger *slog.Logger) server.AdmissionOption {
	l := on(logger)
	return server.WithAdmissionObserver(server.AdmissionObserver{Decided: func(ctx context.Context, e server.Entry) {
		if e.Verdict == server.Admitted || !l.Enabled(ctx, slog.LevelDebug) {
			return
		}
		l.LogAttrs(ctx, slog.LevelDebug, "request not admitted", slog.String("verdict", string(e.Verdict)),
			slog.Duration("waited", e.Waited), slog.Duration("slot", e.Slot), slog.Int("waiting", e.Waiting))
	}})
}

// Guard logs claims whose end the store did not take: at Error when the operation was run
// twice, else at Warn; leases that could not be renewed, at Warn; and keys that belong to
// another operation, at Debug, because [idem.Do] tells its caller. nil logs nothing.
func Guard(logger *slog.Logger) idem.GuardOption {
	l := on(logger)
	return idem.WithGuardObserver(idem.Observer{
		Claimed: func(ctx context.Context, info idem.ClaimedInfo) {
			if errors.Is(info.Err, idem.ErrKeyReused) && l.Enabled(ctx, slog.LevelDebug) {
				l.LogAttrs(ctx, slog.LevelDebug, "key belongs to another operation", idOf(info.ID))
			}
		},
		Renewed: func(ctx context.Context, info idem.RenewedInfo) {
			if info.Err != nil {
				l.LogAttrs(ctx, slog.LevelWarn, "lease not renewed", idOf(info.Claim.ID), failure(info.Err))
			}
		},
		Ended: func(ctx context.Context, info idem.EndedInfo) {
			if info.Err == nil {
				return
			}
			level, text := slog.LevelWarn, "end of claim not stored"
			if info.Ending == idem.Completed && errors.Is(info.Err, idem.ErrFenced) {
				level, text = slog.LevelError, "operation was run twice"
			}
			l.LogAttrs(ctx, level, text, idOf(info.Claim.ID), slog.String("ending", info.Ending.String()),
				slog.Uint64("fence", info.Claim.Fence), failure(info.Err))
		},
	})
}
