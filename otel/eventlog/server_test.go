package eventlog_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/otel/eventlog"
	"github.com/goaroundhq/goaround/server"
)

// records is a store that loses the end of claims.
type records struct {
	*idem.Memory
	complete error
}

func (r records) Complete(context.Context, idem.Claim, []byte, []byte, time.Duration) error {
	return r.complete
}

func TestServer(t *testing.T) {
	t.Parallel()
	const secret = "a-secret-key"
	fenced := records{idem.NewMemory(), idem.ErrFenced}
	for _, tt := range []struct {
		name  string
		level slog.Level
		store idem.Store
		fail  bool
		want  []string
	}{
		{"runs and replays", slog.LevelDebug, idem.NewMemory(), false, []string{
			`level=DEBUG msg="request answered" outcome=replayed status=200 pattern="" id=*`,
		}},
		{"nothing to worry about", slog.LevelInfo, idem.NewMemory(), false, nil},
		{"unknown", slog.LevelInfo, idem.NewMemory(), true, []string{
			`level=WARN msg="request answered" outcome=executed * ending=abandoned`,
			`level=WARN msg="request answered" outcome=outcome-unknown status=409 *`,
		}},
		{"fenced", slog.LevelWarn, fenced, false, []string{
			`level=ERROR msg="operation was run twice" id=* ending=completed fence=* error="idem: record belongs to another owner"`,
			`level=ERROR msg="request answered" outcome=executed *`,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			logger, journal := newLogger(tt.level)
			h := server.New(tt.store, server.WithSharedScope(), eventlog.Server(logger), server.WithGuard(eventlog.Guard(logger)))(
				http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
					if tt.fail {
						panic("bug")
					}
				}))
			for range 2 {
				req := httptest.NewRequestWithContext(t.Context(), "POST", "/", http.NoBody)
				req.Header.Set(idem.Header, secret)
				func() {
					defer func() { _ = recover() }()
					h.ServeHTTP(httptest.NewRecorder(), req)
				}()
			}
			journal.want(t, tt.want...)
			if strings.Contains(journal.String(), secret) {
				t.Error("the key was logged")
			}
		})
	}
}

// A key that another operation has is the error of its caller, who is told of it.
func TestGuardOfAKeyThatIsReused(t *testing.T) {
	t.Parallel()
	const secret = "key-of-the-first"
	for _, tt := range []struct {
		level slog.Level
		want  []string
	}{
		{slog.LevelDebug, []string{`level=DEBUG msg="key belongs to another operation" id=*`}},
		{slog.LevelInfo, nil},
	} {
		logger, journal := newLogger(tt.level)
		guard := idem.NewGuard(idem.NewMemory(), eventlog.Guard(logger))
		for _, amount := range []int{1, 1, 2} {
			_, _ = idem.Do(t.Context(), guard, idem.Operation{Name: "charge", Scope: idem.SharedScope, Key: secret, Params: amount},
				func(context.Context) (int, error) { return amount, nil })
		}
		journal.want(t, tt.want...)
		if strings.Contains(journal.String(), secret) {
			t.Error("the key was logged")
		}
	}
}
