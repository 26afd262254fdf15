package eventlog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/otel/eventlog"
	"github.com/goaroundhq/goaround/server"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// forged is what an attacker writes where it may end in a log.
const forged = "x\" level=ERROR msg=\"forged\r\n{\"level\":\"ERROR\",\"msg\":\"forged\"}\n\x1b[2K\x1b]0;forged\x07\u2028\u009b31m\x00\xff"

// handlers are those of log/slog.
var handlers = map[string]func(io.Writer) slog.Handler{
	"text": func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, everything) },
	"JSON": func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, everything) },
}

var everything = &slog.HandlerOptions{Level: slog.LevelDebug}

// counted is a handler and how many events it was given.
type counted struct {
	slog.Handler
	mu     sync.Mutex
	events int
	text   bytes.Buffer
}

func (c *counted) Handle(ctx context.Context, r slog.Record) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events++
	return c.Handler.Handle(ctx, r)
}

func newCounted(handler func(io.Writer) slog.Handler) *counted {
	c := &counted{}
	c.Handler = handler(&c.text)
	return c
}

// check looks that each event is a line of its own, whole and without what a terminal obeys,
// and that none has a secret in it.
func (c *counted) check(t *testing.T, secrets ...string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	text := c.text.String()
	lines := strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
	if c.events == 0 || len(lines) != c.events {
		t.Errorf("%d events in %d lines:\n%s", c.events, len(lines), text)
	}
	for _, line := range lines {
		line = strings.TrimSuffix(line, "\n")
		if strings.ContainsAny(line, "\r\x00\x07\x1b") {
			t.Errorf("control characters: %q", line)
		}
		if _, isJSON := c.Handler.(*slog.JSONHandler); isJSON {
			if fields := map[string]any{}; json.Unmarshal([]byte(line), &fields) != nil || fields["msg"] == "forged" {
				t.Errorf("not the event's JSON: %s", line)
			}
		} else if !strings.HasPrefix(line, "time=") || strings.Contains(line, `" level=ERROR msg="forged`) {
			t.Errorf("not the event's text: %s", line)
		}
	}
	for _, secret := range secrets {
		if strings.Contains(text, secret) {
			t.Errorf("%q was logged:\n%s", secret, text)
		}
	}
}

// store is one that fails in the attacker's words.
type store struct{ *idem.Memory }

var errForged = errors.New(forged)

func (store) Complete(context.Context, idem.Claim, []byte, []byte, time.Duration) error {
	return fmt.Errorf("store: %w", errForged)
}

func TestServerLogCannotBeForged(t *testing.T) {
	t.Parallel()
	for name, handler := range handlers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCounted(handler)
			logger := slog.New(c)
			h := server.New(store{idem.NewMemory()}, eventlog.Server(logger), server.WithGuard(eventlog.Guard(logger)),
				server.WithScope(func(r *http.Request) (idem.Scope, error) {
					if user := r.Header.Get("X-User"); user != "" {
						return idem.Scope(user), nil
					}
					return "", fmt.Errorf("no user %q or %w", r.URL, errForged)
				}))(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/panic" {
					panic(forged)
				}
			}))
			const secret = `secret","level":"ERROR`
			for _, path := range []string{"/orders", "/panic", "/panic"} {
				for _, user := range []string{forged, ""} {
					for _, key := range []string{secret, `"secret\"" level=ERROR`, `"secret", "secret"`, "secret" + forged, strings.Repeat("secret", 100)} {
						r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, http.NoBody)
						r.URL.RawQuery = forged
						r.Header["X-User"] = []string{user}
						r.Header[idem.Header] = []string{key}
						func() {
							defer func() { _ = recover() }()
							h.ServeHTTP(httptest.NewRecorder(), r)
						}()
					}
				}
			}
			c.check(t, "secret")
		})
	}
}

func TestClientLogCannotBeForged(t *testing.T) {
	t.Parallel()
	for name, handler := range handlers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newCounted(handler)
				logger := slog.New(c)
				rt := transport.New(roundTripper(func(*http.Request) (*http.Response, error) { return nil, errForged }),
					eventlog.Transport(logger), second(), transport.WithMaxAttempts(2))
				req := httptest.NewRequestWithContext(idem.WithKey(t.Context(), "secret"), http.MethodGet, "http://api.test/", http.NoBody)
				req.URL.Host = forged
				if _, err := rt.RoundTrip(req); err == nil {
					t.Error("no error")
				}
				q := slot.NewQueue(slot.WithStore(books{slot.NewMemory()}), eventlog.Slots(logger))
				if r, err := q.Reserve(t.Context(), forged, slot.Feedback{Attempt: 1, Result: slot.Failed}); err == nil {
					r.Cancel()
				}
				if err := q.Close(); err != nil {
					t.Error(err)
				}
				c.check(t, "secret")
			})
		})
	}
}

// Clients in between, such as those that fetch a token, put the URL into their errors, with
// all that is secret in it.
func TestErrorsAreLoggedWithoutURLs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCounted(handlers["text"])
		failing := roundTripper(func(*http.Request) (*http.Response, error) {
			inner := &url.Error{Op: "Post", URL: "http://u:hunter2@idp.test/token?sig=hunter2", Err: errors.New("refused")}
			return nil, fmt.Errorf("token: %w", &url.Error{Op: "Get", URL: "http://api.test/?sig=hunter2", Err: inner})
		})
		call(t.Context(), transport.New(failing, eventlog.Transport(slog.New(c)), second(), transport.WithMaxAttempts(2)))
		c.check(t, "hunter2")
		if !strings.Contains(c.text.String(), "refused") {
			t.Errorf("the cause is missing:\n%s", &c.text)
		}
	})
}
