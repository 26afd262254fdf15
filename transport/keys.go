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
	keyed, ok := withKey(req, value)
	if !ok {
		return s.next.RoundTrip(req)
	}
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

// keyedRequest is a request and the value of its key field, in one piece of memory.
type keyedRequest struct {
	http.Request
	value [1]string
}

// withKey returns a shallow copy of the request with the key; ok is false when the caller has
// set one after all, in a spelling that hasKey does not look up. Values of the header are
// shared, cut so that an append by a later step does not reach the caller's.
func withKey(req *http.Request, value string) (copied *http.Request, ok bool) {
	header := make(http.Header, len(req.Header)+1)
	for name, values := range req.Header {
		if isKeyField(name) {
			return nil, false
		}
		header[name] = values[:len(values):len(values)]
	}
	keyed := &keyedRequest{*req, [1]string{value}}
	header[idem.Header] = keyed.value[:]
	keyed.Header = header
	return &keyed.Request, true
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

// hasKey reports whether the caller has set a key; also as a field without values, which
// net/http does not send, and takes for "repeatable" all the same.
func hasKey(req *http.Request) bool {
	for _, field := range keyFields {
		if _, ok := req.Header[field]; ok {
			return true
		}
	}
	return false
}

// isKeyField reports whether a field carries a key, however it is spelled.
func isKeyField(name string) bool {
	for _, field := range keyFields {
		if len(name) == len(field) && strings.EqualFold(name, field) {
			return true
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
