package retryable_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/goaroundhq/goaround/transport"
	"github.com/goaroundhq/goaround/transport/retryable"
)

// difference is one between the default decisions of go-retryablehttp and of package
// transport that is meant.
type difference struct {
	reason string
	ours   bool // we try again where they do not; else the other way round
	holds  func(given) bool
}

var differences = []difference{
	{
		reason: "without a key, a method that is not idempotent is tried again only when the server did nothing",
		holds:  func(g given) bool { return !g.key && slices.Contains([]string{"POST", "PATCH", "LOCK"}, g.method) },
	},
	{
		reason: "of the 5xx only 500, 502, 503 and 504 are expected to pass",
		holds:  func(g given) bool { return g.err == nil && (g.status == 0 || g.status > 504) },
	},
	{
		reason: "408 and 425 ask for another attempt (RFC 9110, 15.5.9; RFC 8470, 5.2)",
		ours:   true,
		holds:  func(g given) bool { return g.status == http.StatusRequestTimeout || g.status == http.StatusTooEarly },
	},
	{
		reason: "an attempt that is still in progress is asked for again",
		ours:   true,
		holds:  func(g given) bool { return g.field == [2]string{"Idempotency-Status", "in-progress"} },
	},
	{
		reason: "a server whose store is down has not begun, whatever the status",
		ours:   true,
		holds:  func(g given) bool { return g.field == [2]string{"Idempotency-Status", "store-unavailable"} },
	},
	{
		reason: "a replayed response is how the operation ended",
		holds:  func(g given) bool { return g.field == [2]string{"Idempotency-Replayed", "true"} },
	},
	{
		reason: "another attempt cannot change what the server says about the key",
		holds: func(g given) bool {
			return g.field[0] == "Idempotency-Status" && slices.Contains([]string{"outcome-unknown", "response-not-stored", "key-reused"}, g.field[1])
		},
	},
	{
		reason: "a server that says outright to try again is believed",
		ours:   true,
		holds:  func(g given) bool { return strings.HasSuffix(g.field[0], "-Should-Retry") && g.field[1] == "true" },
	},
	{
		reason: "a server that says outright not to try again is believed",
		holds:  func(g given) bool { return strings.HasSuffix(g.field[0], "-Should-Retry") && g.field[1] == "false" },
	},
	{
		reason: "a wait beyond the longest accepted ends the call",
		holds:  func(g given) bool { return g.field == [2]string{"Retry-After", "3600"} },
	},
	{
		reason: "a host that does not exist will not in a second",
		holds: func(g given) bool {
			var dns *net.DNSError
			return errors.As(g.err, &dns) && dns.IsNotFound && !dns.IsTemporary
		},
	},
	{
		reason: "a certificate is not trusted however its error is wrapped, and a server without TLS gets none in a second",
		holds: func(g given) bool {
			var (
				cert    *tls.CertificateVerificationError
				unknown x509.UnknownAuthorityError
				host    x509.HostnameError
				record  tls.RecordHeaderError
			)
			return errors.As(g.err, &cert) || errors.As(g.err, &unknown) || errors.As(g.err, &host) || errors.As(g.err, &record)
		},
	},
	{
		reason: "a side that refuses what the other is in TLS, or how it speaks HTTP/2, will refuse it again",
		holds: func(g given) bool {
			var stream streamError
			return errors.Is(g.err, errAlert) || (errors.As(g.err, &stream) && stream.Code == 0xd)
		},
	},
	{
		reason: "an open breaker keeps attempts off",
		holds:  func(g given) bool { return errors.Is(g.err, transport.ErrBreakerOpen) },
	},
	{
		reason: "crypto/tls has a type for what used to be words about trust (Go 1.20)",
		ours:   true,
		holds: func(g given) bool {
			return g.err != nil && strings.Contains(g.err.Error(), "certificate is not trusted")
		},
	},
	{
		reason: "the request, or the proxy's refusal of it, will be the same",
		holds: func(g given) bool {
			return g.err != nil && (strings.Contains(g.err.Error(), "no Host") || strings.Contains(g.err.Error(), "Proxy Authentication"))
		},
	},
}

// The default decision is that of DefaultRetryPolicy, but for differences with a name.
func TestDecisionsDifferOnlyWhereMeant(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		used := make([]int, len(differences))
		cases := everything()
		for _, g := range cases {
			req := g.request(t.Context())
			theirs, _ := retryablehttp.DefaultRetryPolicy(req.Context(), g.response(req), g.asClient())
			ours := tried(t, g)
			if theirs == ours {
				continue
			}
			named := false
			for i, d := range differences {
				if d.ours == ours && d.holds(g) {
					used[i]++
					named = true
				}
			}
			if !named {
				t.Errorf("%v: we try again: %v; go-retryablehttp: %v", g, ours, theirs)
			}
		}
		for i, d := range differences {
			if used[i] == 0 {
				t.Errorf("no case differs because %s", d.reason)
			}
		}
		t.Logf("%d cases", len(cases))
	})
}

// A policy of theirs decides as it does in their client, given that the request allows it.
func TestPolicyDecidesAsInItsClient(t *testing.T) {
	t.Parallel()
	for name, check := range map[string]retryablehttp.CheckRetry{
		"default": retryablehttp.DefaultRetryPolicy, "propagated": retryablehttp.ErrorPropagatedRetryPolicy,
	} {
		rule := retryable.Policy(check)
		for _, g := range everything() {
			req := g.request(t.Context())
			want, _ := check(req.Context(), g.response(req), g.asClient())
			o := transport.Outcome{Request: req, Response: g.response(req), Err: g.err, Attempt: 1}
			got := rule(o)
			if again := got == transport.Repeat || got == transport.Unprocessed; again != want || got == transport.Unsure {
				t.Errorf("%s: %v: %v, want to try again: %v", name, g, got, want)
			}
			if got == transport.Repeat && transport.Classify(o) == transport.Unprocessed {
				t.Errorf("%s: %v: the server did nothing, and a POST would not be sent again", name, g)
			}
		}
	}
}
