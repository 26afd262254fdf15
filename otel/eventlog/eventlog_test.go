package eventlog_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/otel/eventlog"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// journal is what was logged, without the times.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func newLogger(level slog.Level) (*slog.Logger, *journal) {
	j := &journal{}
	return slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})), j
}

// want compares what was logged with lines, in which * stands for anything.
func (j *journal) want(t *testing.T, lines ...string) {
	t.Helper()
	got := strings.Split(strings.TrimSuffix(j.String(), "\n"), "\n")
	if got[0] == "" {
		got = nil
	}
	if len(got) != len(lines) {
		t.Fatalf("logged %d lines, want %d:\n%s", len(got), len(lines), j)
	}
	for i, line := range lines {
		rest := got[i]
		for part := range strings.SplitSeq(line, "*") {
			_, after, ok := strings.Cut(rest, part)
			if !ok {
				t.Errorf("logged %s\nwant   %s", got[i], line)
				break
			}
			rest = after
		}
	}
}

func second() transport.Option {
	return transport.WithBackoff(slot.BackoffFunc(func(int) time.Duration { return time.Second }))
}

// A nil logger logs nothing, and breaks nothing.
func TestNilLogger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		rt := transport.New(roundTripper(func(req *http.Request) (*http.Response, error) {
			sent++
			return status(503)(req)
		}), eventlog.Transport(nil), second(), transport.WithMaxAttempts(2))
		call(t.Context(), rt)
		if sent != 2 {
			t.Errorf("%d attempts, want 2", sent)
		}
	})
}
