package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strings"
)

// classifyError judges transport errors by what they say about the request: wrapped
// or not, and without a look at their text where a type says it.
func classifyError(req *http.Request, err error) Verdict {
	switch {
	case cancelled(req), unknownHost(err), untrusted(err), malformed(err):
		return Final
	case neverSent(err):
		return Unprocessed
	default:
		return Repeat // broken connections, timeouts, and what nobody has a name for
	}
}

// cancelled reports whether the caller has left.
func cancelled(req *http.Request) bool {
	select {
	//lint:ignore SA1019 deprecated, and still obeyed by net/http
	case <-req.Cancel: //nolint:staticcheck // the same
		return true
	default:
		return req.Context().Err() != nil
	}
}

// unknownHost reports whether the host does not exist, as far as the resolver can say.
func unknownHost(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}

// untrusted reports whether the server could not prove who it is, or does not speak
// TLS: the next attempt meets the same server.
func untrusted(err error) bool {
	return is[*tls.CertificateVerificationError](err) || is[x509.UnknownAuthorityError](err) ||
		is[x509.HostnameError](err) || is[x509.CertificateInvalidError](err) || is[tls.RecordHeaderError](err)
}

// malformed reports whether net/http, or the proxy, refused the request itself. There are
// only words for that (transport.go, Transport.roundTrip and dialConn; transfer.go,
// transferWriter.writeBody).
func malformed(err error) bool {
	text := err.Error()
	for _, part := range [...]string{
		"unsupported protocol scheme", "no Host in request URL", "nil Request.URL",
		"nil Request.Header", "net/http: invalid ", "with Body length ",
		"Proxy Authentication Required", // and asking again may lock the account
	} {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// neverSent reports whether the server cannot have seen the request.
func neverSent(err error) bool {
	if is[*net.DNSError](err) {
		return true
	}
	var op *net.OpError
	if errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect") {
		return true
	}
	var stream streamError
	if errors.As(err, &stream) {
		return stream.Code == refusedStream
	}
	// Of a body without GetBody, net/http gives the same error as text.
	return strings.Contains(err.Error(), "cannot retry err [") && strings.Contains(err.Error(), "REFUSED_STREAM")
}

// streamError has the shape of the HTTP/2 stream error inside net/http, which lets
// errors.As fill any struct of that shape (h2_error.go).
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e streamError) Error() string { return "HTTP/2 stream error" }

// refusedStream is REFUSED_STREAM: not processed, may be sent again (RFC 9113, 8.7).
const refusedStream = 7

func is[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}
