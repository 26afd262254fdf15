package server

import (
	"net/http"
	"slices"
	"strings"

	"github.com/goaroundhq/goaround/idem"
)

// perResponse reports whether a response field belongs to one connection, one
// caller's session or one exchange, and so must not be given to another.
func perResponse(name string) bool {
	switch name {
	case // the session of the first caller
		"Set-Cookie", "Set-Cookie2", "Www-Authenticate", "Proxy-Authenticate", "Authentication-Info", "Proxy-Authentication-Info",
		// hop by hop (RFC 9110, 7.6.1)
		"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
		// made anew for each message
		"Date", "Age", "Retry-After", "Server-Timing",
		"Traceparent", "Tracestate", "Traceresponse", "X-Request-Id", "X-Correlation-Id", "X-Trace-Id",
		"Ratelimit", "Ratelimit-Policy", "Ratelimit-Limit", "Ratelimit-Remaining", "Ratelimit-Reset",
		"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset",
		// ours
		idem.Header, idem.ReplayedHeader, idem.DateHeader, idem.StatusHeader:
		return true
	default:
		return strings.HasPrefix(name, http.TrailerPrefix)
	}
}

// nominated reports whether the response itself makes the field one of the connection
// (RFC 9110, 7.6.1).
func nominated(header http.Header, name string) bool {
	for _, options := range header["Connection"] {
		for option := range strings.SplitSeq(options, ",") {
			if strings.EqualFold(strings.TrimSpace(option), name) {
				return true
			}
		}
	}
	return false
}

// stored reports whether a response field goes into the record: not those of one
// response, nor what was there before the handler.
func (c *capture) stored(name string, values []string) bool {
	if perResponse(name) || c.h.dropped[name] || nominated(c.header, name) {
		return false
	}
	if canonical := http.CanonicalHeaderKey(name); canonical != name && (perResponse(canonical) || c.h.dropped[canonical]) {
		return false
	}
	outer := c.outer
	if outer == nil {
		outer = c.w.Header()
	}
	before, ok := outer[name]
	return !ok || !slices.Equal(before, values)
}
