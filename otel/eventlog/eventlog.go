package eventlog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/url"

	"github.com/goaroundhq/goaround/idem"
)

// shown is how many bytes of a hash are written: enough to find it, in 16 digits.
const shown = 8

// on returns the logger, or one that discards everything for nil.
func on(l *slog.Logger) *slog.Logger {
	if l == nil {
		return slog.New(slog.DiscardHandler)
	}
	return l
}

// keyHash is the field that tells calls with one key from others, without the key.
func keyHash(ctx context.Context) slog.Attr {
	key, ok := idem.KeyFrom(ctx)
	if !ok {
		return slog.Attr{} // which handlers leave out
	}
	sum := sha256.Sum256([]byte(key))
	return slog.String("key_hash", hex.EncodeToString(sum[:shown]))
}

func idOf(id idem.ID) slog.Attr {
	if id == (idem.ID{}) {
		return slog.Attr{}
	}
	return slog.String("id", hex.EncodeToString(id[:shown]))
}

// failure is the error, where there is one.
func failure(err error) slog.Attr {
	if err == nil {
		return slog.Attr{}
	}
	return problem("error", err)
}

// problem is an error without the URL, which may have secrets in it.
func problem(name string, err error) slog.Attr {
	for {
		var of *url.Error
		if !errors.As(err, &of) || of.Err == nil {
			return slog.Any(name, err)
		}
		err = of.Err
	}
}
