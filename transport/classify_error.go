package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"reflect"
	"strings"
)

// classifyError judges transport errors by what they say about the request: wrapped
// or not, and without a look at their text where a type says it.
func classifyError(o Outcome) Verdict {
	err := o.Err
	switch {
	case cancelled(o.Request), unknownHost(err), untrusted(err), malformed(err), unfit(err), errors.Is(err, ErrBreakerOpen):
		return Final
	case o.Unsent, !o.sent && undialled(err), neverBegun(err):
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
	return errors.As(err, &dns) && dns.IsNotFound && !dns.IsTemporary
}

// untrusted reports whether the server could not prove who it is, does not speak TLS, or
// refused to speak it with us: the next attempt meets the same server.
func untrusted(err error) bool {
	return is[*tls.CertificateVerificationError](err) || is[x509.UnknownAuthorityError](err) ||
		is[x509.HostnameError](err) || is[x509.CertificateInvalidError](err) || is[tls.RecordHeaderError](err) ||
		alerted(err)
}

// alerted reports whether one side ended the TLS connection with an alert about what the
// other is, knows or has proven; not one about broken records, which may come from the
// network, or about trouble inside (RFC 8446, 6.2).
func alerted(err error) bool {
	var op *net.OpError
	if !errors.As(err, &op) || (op.Op != "remote error" && op.Op != "local error") {
		return false
	}
	alert := reflect.ValueOf(op.Err)
	if alert.Kind() != reflect.Uint8 { // crypto/tls keeps the type to itself, but for QUIC
		return false
	}
	switch alert.Uint() {
	case 40, 42, 43, 44, 45, 46, 48, 49, // handshake_failure, *_certificate, certificate_*, unknown_ca, access_denied
		70, 71, 109, 112, 115, 116, 120, 121: // protocol_version, insufficient_security, missing_extension,
		// unrecognized_name, unknown_psk_identity, certificate_required, no_application_protocol, ech_required
		return true
	default:
		return false
	}
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

// undialled reports whether there was no connection to something. That need not be the
// server: a body may come from elsewhere, and a redirect lead there.
func undialled(err error) bool {
	var op *net.OpError
	return is[*net.DNSError](err) || errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect")
}

// neverBegun reports whether the server cannot have acted on a request of HTTP/2.
func neverBegun(err error) bool {
	var stream streamError
	if errors.As(err, &stream) {
		return stream.Code == refusedStream
	}
	return saysNeverBegun(err.Error())
}

// saysNeverBegun reports whether net/http says of an HTTP/2 request that it has no stream, or one
// that the server did not begin. There are only words for that (h2_bundle.go,
// awaitOpenSlotForStreamLocked, setGoAway and http2shouldRetryRequest).
func saysNeverBegun(text string) bool {
	for _, part := range [...]string{
		"http2: client conn not usable", "http2: client conn could not be established",
		"graceful shutdown GOAWAY", "Transport received GOAWAY from server",
	} {
		if strings.Contains(text, part) {
			return true
		}
	}
	return strings.Contains(text, "cannot retry err [") && strings.Contains(text, "REFUSED_STREAM") // a body without GetBody
}

// unfit reports whether the server will not speak HTTP/2 as we do.
func unfit(err error) bool {
	var stream streamError
	return errors.As(err, &stream) && (stream.Code == inadequateSecurity || stream.Code == http11Required)
}

// streamError has the shape of the HTTP/2 stream error inside net/http, which lets
// errors.As fill any struct of that shape (h2_error.go).
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e streamError) Error() string { return "HTTP/2 stream error" }

// Error codes of HTTP/2 (RFC 9113, 7).
const (
	refusedStream      = 0x7 // not processed, may be sent again (8.7)
	inadequateSecurity = 0xc
	http11Required     = 0xd
)

func is[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}
