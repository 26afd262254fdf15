package transport_test

import (
	"errors"
	"net/http"
	"reflect"
	"testing"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/transport"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	const fresh = "a fresh key"
	for _, tt := range []struct {
		name   string
		method string
		header http.Header
		key    string // in the context
		opts   []transport.Option
		want   string // the header field; fresh for a new UUID
	}{
		{name: "POST", method: "POST", want: fresh},
		{name: "PATCH", method: "PATCH", want: fresh},
		{name: "GET", method: "GET"},
		{name: "HEAD", method: "HEAD"},
		{name: "PUT", method: "PUT"},
		{name: "DELETE", method: "DELETE"},
		{name: "own header", method: "POST", header: http.Header{idem.Header: {"mine"}}, want: "mine"},
		{name: "own header beats the context", method: "POST", header: http.Header{idem.Header: {"mine"}}, key: "k", want: "mine"},
		{name: "older header", method: "POST", header: http.Header{"X-Idempotency-Key": {"mine"}}},
		{name: "older header, spelled freely", method: "POST", header: http.Header{"x-idempotency-key": {"mine"}}},
		{name: "from the context", method: "POST", key: "order 17", want: `"order 17"`},
		{name: "from the context, PUT", method: "PUT", key: "k", want: `"k"`},
		{name: "from the context, GET", method: "GET", key: "k"},
		{name: "chosen methods", method: "DELETE", opts: []transport.Option{transport.WithKeyMethods("DELETE")}, want: fresh},
		{name: "no methods", method: "POST", opts: []transport.Option{transport.WithKeyMethods()}},
		{name: "no methods, from the context", method: "POST", key: "k", opts: []transport.Option{transport.WithKeyMethods()}, want: `"k"`},
		{name: "bare", method: "POST", key: "k", opts: []transport.Option{transport.WithBareKeys()}, want: "k"},
		{name: "escaped", method: "POST", key: `a"b`, want: `"a\"b"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, status(200))
			req := newRequest(t, tt.method, "")
			if tt.header != nil {
				req.Header = tt.header
			}
			if tt.key != "" {
				req = req.WithContext(idem.WithKey(req.Context(), tt.key))
			}
			if _, _, err := roundTrip(t, transport.New(s, tt.opts...), req); err != nil {
				t.Fatal(err)
			}
			values := s.sent[0].header[idem.Header]
			switch {
			case tt.want == "" && len(values) > 0, tt.want != "" && len(values) != 1:
				t.Errorf("sent %q, want %q", values, tt.want)
			case tt.want == fresh:
				key, err := idem.ParseHeader(values)
				if _, ok := idem.KeyTime(key); err != nil || !ok || values[0][0] != '"' {
					t.Errorf("sent %q, %v; want a quoted UUIDv7", values, err)
				}
			case tt.want != "" && values[0] != tt.want:
				t.Errorf("sent %q, want %q", values, tt.want)
			}
		})
	}
}

// The forms of a caller's own key: each is left as it is. A field without values is the way
// of net/http to say that a request is repeatable without sending a key; an empty key is no
// key, so the request is not repeated.
func TestOwnKeys(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		header   http.Header
		attempts int
	}{
		{"a key", http.Header{"Idempotency-Key": {"mine"}}, 4},
		{"older field", http.Header{"X-Idempotency-Key": {"mine"}}, 4},
		{"no values", http.Header{"Idempotency-Key": {}}, 4},
		{"older field, no values", http.Header{"X-Idempotency-Key": nil}, 4},
		{"empty", http.Header{"Idempotency-Key": {""}}, 1},
		{"spelled freely", http.Header{"idempotency-KEY": {"mine"}}, 1},
	} {
		s := newScript(t, repeat(4, status(503))...)
		req := newRequest(t, "POST", "{}")
		req.Header = tt.header
		if _, _, err := roundTrip(t, transport.New(s, transport.WithBackoff(noWait)), req); err != nil {
			t.Fatal(err)
		}
		if len(s.sent) != tt.attempts || !reflect.DeepEqual(s.sent[0].header, tt.header) {
			t.Errorf("%s: %d attempts with %q, want %d with %q", tt.name, len(s.sent), s.sent[0].header, tt.attempts, tt.header)
		}
	}
}

func TestEachCallHasItsOwnKeyAndAllItsAttemptsTheSame(t *testing.T) {
	t.Parallel()
	s := newScript(t, status(503), status(500), status(200), status(503), status(200))
	rt := transport.New(s, transport.WithBackoff(noWait))
	for range 2 {
		if code, _, err := roundTrip(t, rt, newRequest(t, "POST", "{}")); code != 200 || err != nil {
			t.Fatal(code, err)
		}
	}
	key := func(i int) string { return s.sent[i].header.Get(idem.Header) }
	if key(0) == "" || key(0) != key(1) || key(1) != key(2) || key(3) != key(4) || key(2) == key(3) {
		t.Errorf("keys %q", []string{key(0), key(1), key(2), key(3), key(4)})
	}
}

func TestKeyThatCannotBeSent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		key  string
		opts []transport.Option
	}{
		"line feed":    {"a\nb", nil},
		"empty":        {"", nil},
		"needs quotes": {"a,b", []transport.Option{transport.WithBareKeys()}},
	} {
		s := newScript(t)
		body := &trackedBody{Reader: nothing{}}
		req := newRequest(t, "POST", "")
		req.Body = body
		_, _, err := roundTrip(t, transport.New(s, tt.opts...), req.WithContext(idem.WithKey(t.Context(), tt.key)))
		if !errors.Is(err, idem.ErrKeyInvalid) || len(s.sent) != 0 {
			t.Errorf("%s: %v after %d attempts", name, err, len(s.sent))
		}
		if body.closed.Load() != 1 {
			t.Errorf("%s: body closed %d times", name, body.closed.Load())
		}
	}
}

func TestKeysAloneAndRetryAlone(t *testing.T) {
	t.Parallel()
	t.Run("keys do not retry", func(t *testing.T) {
		t.Parallel()
		s := newScript(t, status(503))
		code, _, _ := roundTrip(t, transport.Chain(s, transport.Keys()), newRequest(t, "POST", ""))
		if code != 503 || s.sent[0].header.Get(idem.Header) == "" {
			t.Errorf("%d, sent %v", code, s.sent)
		}
	})
	t.Run("retries make no keys", func(t *testing.T) {
		t.Parallel()
		s := newScript(t, status(503))
		code, _, _ := roundTrip(t, transport.Chain(s, transport.Retry(transport.WithBackoff(noWait))), newRequest(t, "POST", ""))
		if code != 503 || s.sent[0].header.Get(idem.Header) != "" {
			t.Errorf("%d, sent %v", code, s.sent)
		}
	})
}
