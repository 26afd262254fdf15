package eventlog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/url"
	"strings"

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

// problem is an error without the URLs, which may have secrets in them.
func problem(name string, err error) slog.Attr {
	var of *url.Error
	if !errors.As(err, &of) {
		return slog.Any(name, err)
	}
	return slog.String(name, withoutURLs(err.Error(), err))
}

// withoutURLs takes what the errors of package url say of the URL out of the text of err, and
// leaves what is around it.
func withoutURLs(text string, err error) string {
	if u, ok := err.(*url.Error); ok && u.Err != nil { //nolint:errorlint // each of the tree is looked at
		text = strings.ReplaceAll(text, u.Error(), u.Err.Error())
	}
	switch of := err.(type) { //nolint:errorlint // likewise
	case interface{ Unwrap() error }:
		if inner := of.Unwrap(); inner != nil {
			text = withoutURLs(text, inner)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range of.Unwrap() {
			text = withoutURLs(text, inner)
		}
	}
	return text
}
