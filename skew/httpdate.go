package skew

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// errMalformedURL does not say what is wrong, because a password may be in it.
var errMalformedURL = errors.New("skew: HTTPDate: malformed URL")

// HTTPDate asks an HTTP server for its Date, with a HEAD request in each round and at most
// once a minute, and keeps what it heard like a [DateSource]. It is for networks that let
// nothing but HTTP through. The address is the server's URL; with a malformed one every
// measurement fails. A nil client is http.DefaultClient. The source's name is the URL
// without its password.
func HTTPDate(client *http.Client, address string) Source {
	if client == nil {
		client = http.DefaultClient
	}
	u, err := url.Parse(address)
	if err != nil {
		return &httpDate{DateSource: NewDateSource("malformed URL"), client: client}
	}
	return &httpDate{DateSource: NewDateSource(u.Redacted()), client: client, url: u}
}

type httpDate struct {
	*DateSource
	client *http.Client
	url    *url.URL // nil if it is malformed
}

func (*httpDate) MinInterval() time.Duration { return time.Minute }

func (h *httpDate) Measure(ctx context.Context, local *Local) (Sample, error) {
	if h.url == nil {
		return Sample{}, errMalformedURL
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, h.url.String(), nil)
	if err != nil {
		return Sample{}, err
	}
	sent := h.elapsed()
	h.heard(sent) // a sleep from before does not spoil this answer
	resp, err := h.client.Do(req)
	if err != nil {
		return Sample{}, err
	}
	received := h.elapsed()
	_ = resp.Body.Close()
	h.hear(hostPort(h.url), sent, received, resp.Header)
	return h.DateSource.Measure(ctx, local)
}
