package otel

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// knownMethod is the method as the conventions want it: those of RFC 9110, PATCH and QUERY,
// and _OTHER for the rest, of which there is no end.
func knownMethod(method string) string {
	switch method {
	case "":
		return http.MethodGet
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace, "QUERY":
		return method
	default:
		return other
	}
}

// spanName is the method, or HTTP where that is not known.
func spanName(method string) string {
	if method == other {
		return "HTTP"
	}
	return method
}

// origin is where a request goes.
func origin(req *http.Request) []attribute.KeyValue {
	if req.URL == nil {
		return nil
	}
	attributes := []attribute.KeyValue{semconv.ServerAddress(req.URL.Hostname())}
	if port := port(req.URL); port > 0 {
		attributes = append(attributes, semconv.ServerPort(port))
	}
	return attributes
}

func port(u *url.URL) int {
	if given := u.Port(); given != "" {
		n, err := strconv.Atoi(given)
		if err != nil {
			return 0
		}
		return n
	}
	switch u.Scheme {
	case "http":
		return 80
	case "https":
		return 443
	default:
		return 0
	}
}

// exchange describes a request that is sent.
func exchange(req *http.Request) []attribute.KeyValue {
	method := knownMethod(req.Method)
	attributes := append(origin(req), semconv.HTTPRequestMethodKey.String(method))
	if method == other {
		attributes = append(attributes, semconv.HTTPRequestMethodOriginal(req.Method))
	}
	if req.URL != nil {
		attributes = append(attributes, semconv.URLFull(redact(req.URL)))
	}
	return attributes
}

// response describes what came back. A status from 400 on is an error to a client.
func response(resp *http.Response) []attribute.KeyValue {
	attributes := []attribute.KeyValue{semconv.HTTPResponseStatusCode(resp.StatusCode)}
	if resp.ProtoMajor > 0 {
		attributes = append(attributes, semconv.NetworkProtocolVersion(protocol(resp)))
	}
	if resp.StatusCode >= http.StatusBadRequest {
		attributes = append(attributes, semconv.ErrorTypeKey.String(strconv.Itoa(resp.StatusCode)))
	}
	return attributes
}

func protocol(resp *http.Response) string {
	if resp.ProtoMajor >= 2 {
		return strconv.Itoa(resp.ProtoMajor)
	}
	return strconv.Itoa(resp.ProtoMajor) + "." + strconv.Itoa(resp.ProtoMinor)
}

const redacted = "REDACTED"

// secrets are the parameters of a query that the conventions redact: signatures of cloud
// storages, which are as good as a password.
var secrets = []string{"AWSAccessKeyId", "Signature", "sig", "X-Goog-Signature", "X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token"}

// redact is the URL without what must not be written down: who asks, and with which signature.
func redact(u *url.URL) string {
	if u.Opaque != "" { // which may say anything, in no known order
		return (&url.URL{Scheme: u.Scheme, Host: u.Host}).String()
	}
	shown := *u
	shown.Fragment, shown.RawFragment = "", ""
	if u.User != nil {
		shown.User = url.User(redacted)
		if _, ok := u.User.Password(); ok {
			shown.User = url.UserPassword(redacted, redacted)
		}
	}
	if u.RawQuery != "" {
		shown.RawQuery = redactQuery(u.RawQuery)
	}
	return shown.String()
}

// redactQuery leaves all else as it is, also what is not a query by the book.
func redactQuery(query string) string {
	parts := strings.Split(query, "&")
	for i, part := range parts {
		written, _, ok := strings.Cut(part, "=")
		name, err := url.QueryUnescape(written)
		if err != nil {
			name = written
		}
		for _, secret := range secrets {
			if ok && strings.EqualFold(name, secret) {
				parts[i] = written + "=" + redacted
			}
		}
	}
	return strings.Join(parts, "&")
}
