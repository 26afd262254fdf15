package transport_test

import (
	"net/url"
	"testing"

	"github.com/goaroundhq/goaround/transport"
)

// However the URL is spelled, a server is one target.
func TestOrigin(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"http://api.example.com/orders":     "http://api.example.com:80",
		"http://API.example.com:80/":        "http://api.example.com:80",
		"HTTP://api.Example.com:":           "http://api.example.com:80",
		"https://api.example.com":           "https://api.example.com:443",
		"https://api.example.com:8443/?q=A": "https://api.example.com:8443",
		"http://[FE80::1]/":                 "http://[fe80::1]:80",
		"ftp://files.example.com":           "ftp://files.example.com",
	} {
		req := newRequest(t, "GET", "")
		var err error
		if req.URL, err = url.Parse(given); err != nil {
			t.Fatal(err)
		}
		if got := transport.Origin(req); got != want {
			t.Errorf("%s: %s, want %s", given, got, want)
		}
	}
	req := newRequest(t, "GET", "")
	req.URL = nil
	if got := transport.Origin(req); got != "" {
		t.Errorf("without a URL: %q", got)
	}
}
