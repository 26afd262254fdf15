package otel_test

import (
	"errors"
	"fmt"
	"net/http"
	neturl "net/url"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"

	"github.com/goaroundhq/goaround/transport"
)

// What panics below leaves spans that say so.
func TestSpansOfAPanic(t *testing.T) {
	t.Parallel()
	p := newTracer(t)
	rt := traced(p, roundTripper(func(*http.Request) (*http.Response, error) { panic("bug") }))
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		_, _ = send(t.Context(), rt, "GET", url)
	}()
	spans := p.ended.Ended()
	if len(spans) != 2 {
		t.Fatalf("%d spans, want 2", len(spans))
	}
	for _, span := range spans {
		if span.Status().Code != codes.Error {
			t.Errorf("%s: %v", span.Name(), span.Status())
		}
	}
}

// Neither attributes nor the text of an error tell a secret of the URL.
func TestSpansHaveNoSecrets(t *testing.T) {
	t.Parallel()
	failing := roundTripper(func(req *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("outside: %w", &neturl.Error{Op: "Get", URL: req.URL.String(), Err: errors.New("bad")})
	})
	for name, u := range map[string]*neturl.URL{
		"signature":    {Scheme: "http", Host: "api.test", RawQuery: "sig=hunter2&a=b"},
		"escaped name": {Scheme: "http", Host: "api.test", RawQuery: "X-Amz-Signatur%65=hunter2"},
		"opaque":       {Scheme: "http", Host: "api.test", Opaque: "//u:hunter2@api.test/f?sig=hunter2"},
		"user":         {Scheme: "http", Host: "api.test", User: neturl.UserPassword("hunter2", "hunter2")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newTracer(t)
			req, err := http.NewRequestWithContext(t.Context(), "GET", url, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			req.URL = u
			resp, err := traced(p, failing, transport.WithMaxAttempts(1)).RoundTrip(req)
			if err == nil {
				_ = resp.Body.Close()
				t.Fatal("no error")
			}
			for _, span := range p.ended.Ended() {
				if text := fmt.Sprint(span.Attributes(), span.Status(), span.Events()); strings.Contains(text, "hunter2") || span.Status().Description != "bad" {
					t.Errorf("%s", text)
				}
			}
		})
	}
}
