package eventlog_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"

	"github.com/goaroundhq/goaround/otel/eventlog"
	"github.com/goaroundhq/goaround/transport"
)

// URLs may have secrets in them and are not logged; what is said around them is.
func TestURLsAreLeftOut(t *testing.T) {
	t.Parallel()
	failed := &url.Error{Op: "Get", URL: "https://files.test/?sig=secret", Err: errors.New("reset")}
	for want, err := range map[string]error{
		`error=reset `:                      failed,
		`error="fence lost: reset" `:        fmt.Errorf("fence lost: %w", failed),
		`error="run twice\nreset\nreset" `:  errors.Join(errors.New("run twice"), failed, failed),
		`error="fence lost: moved: reset" `: fmt.Errorf("fence lost: %w", &url.Error{Op: "Get", URL: failed.URL, Err: fmt.Errorf("moved: %w", failed)}),
		`error="no URL" `:                   errors.New("no URL"),
	} {
		synctest.Test(t, func(t *testing.T) {
			logger, journal := newLogger(slog.LevelWarn)
			base := roundTripper(func(*http.Request) (*http.Response, error) { return nil, err })
			call(t.Context(), transport.New(base, eventlog.Transport(logger), transport.WithMaxAttempts(1)))
			journal.want(t, `level=WARN msg="call given up" * `+want+`*`)
		})
	}
}
