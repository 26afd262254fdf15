package transport

import (
	"net/http"
	"slices"
	"strings"

	"github.com/goaroundhq/goaround/idem"
)

func (c *config) keys(next http.RoundTripper) http.RoundTripper {
	return &keyStep{config: c, next: next}
}

// keyStep gives a call its key.
type keyStep struct {
	*config
	next http.RoundTripper
}

func (s *keyStep) CloseIdleConnections() { closeIdle(s.next) }

func (s *keyStep) RoundTrip(req *http.Request) (*http.Response, error) {
	if safe(req.Method) || hasKey(req) {
		return s.next.RoundTrip(req)
	}
	value, err := s.keyFor(req)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	if value == "" {
		return s.next.RoundTrip(req)
	}
	keyed := req.WithContext(req.Context()) // a shallow copy
	keyed.Header = withField(req.Header, idem.Header, value)
	return s.next.RoundTrip(keyed)
}

// keyFor returns the field to put on the request: the key of its context or a fresh one,
// "" when it gets none.
func (s *keyStep) keyFor(req *http.Request) (string, error) {
	if key, ok := idem.KeyFrom(req.Context()); ok {
		if s.bareKeys {
			return idem.FormatBareHeader(key)
		}
		return idem.FormatHeader(key)
	}
	if !slices.Contains(s.keyMethods, req.Method) {
		return "", nil
	}
	if s.bareKeys {
		return idem.NewKey(), nil
	}
	return `"` + idem.NewKey() + `"`, nil // as FormatHeader would: there is nothing to escape
}

// withField returns a copy of the header with one field more. Values are shared, cut so
// that an append by a later step does not reach the caller's.
func withField(h http.Header, name, value string) http.Header {
	copied := make(http.Header, len(h)+1)
	for k, v := range h {
		copied[k] = v[:len(v):len(v)]
	}
	copied[name] = []string{value}
	return copied
}

// safe reports whether a method asks for no effect (RFC 9110, 9.2.1).
func safe(method string) bool {
	switch method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	default:
		return false
	}
}

// The fields that make net/http, too, take a request for repeatable, whatever its method
// (net/http.Transport).
var keyFields = [...]string{idem.Header, "X-Idempotency-Key"}

// hasKey reports whether the caller has set a key, however it is spelled; also as a field
// without values, which net/http does not send, and takes for "repeatable" all the same.
func hasKey(req *http.Request) bool {
	for name := range req.Header {
		for _, field := range keyFields {
			if len(name) == len(field) && strings.EqualFold(name, field) {
				return true
			}
		}
	}
	return false
}

// keyed reports whether the request is repeatable by its key. A key that is empty names
// nothing.
func keyed(req *http.Request) bool {
	for _, field := range keyFields {
		if values, ok := req.Header[field]; ok && (len(values) == 0 || values[0] != "") {
			return true
		}
	}
	return false
}
