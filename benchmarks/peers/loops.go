package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// loop is what one writes by hand in an hour: GetBody, drain, a timer that ends with the
// context, and no policy. It is the floor that a library can aim at.
type loop struct{ next http.RoundTripper }

func (l loop) RoundTrip(req *http.Request) (*http.Response, error) {
	send := req
	for attempt := 1; ; attempt++ {
		resp, err := l.next.RoundTrip(send)
		if attempt == tries || err == nil && resp.StatusCode < http.StatusInternalServerError {
			return resp, err
		}
		if send, err = again(req, resp); err != nil {
			return nil, err
		}
		timer := time.NewTimer(0)
		select {
		case <-timer.C:
		case <-req.Context().Done():
			timer.Stop()
			return nil, context.Cause(req.Context())
		}
	}
}

// again discards a response and returns the request for the next attempt.
func again(req *http.Request, resp *http.Response) (*http.Request, error) {
	if resp != nil {
		discard(resp)
	}
	if req.Body == nil {
		return req, nil
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, err
	}
	next := req.WithContext(req.Context())
	next.Body = body
	return next, nil
}

func discard(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
	_ = resp.Body.Close()
}

// errStatus makes an error of a response, for libraries that retry errors only.
var errStatus = errors.New("status 5xx")

// backoffLoop retries by a library that knows nothing of HTTP.
type backoffLoop struct{ next http.RoundTripper }

func (l backoffLoop) RoundTrip(req *http.Request) (*http.Response, error) {
	send, attempt := req, 0
	resp, err := backoff.Retry(req.Context(), func() (*http.Response, error) {
		attempt++
		resp, err := l.next.RoundTrip(send)
		if err != nil || resp.StatusCode < http.StatusInternalServerError {
			return resp, err
		}
		if attempt == tries {
			return resp, errStatus // the last one comes back
		}
		if send, err = again(req, resp); err != nil {
			return nil, backoff.Permanent(err)
		}
		return nil, errStatus
	}, backoff.WithBackOff(&backoff.ZeroBackOff{}), backoff.WithMaxTries(tries))
	if errors.Is(err, errStatus) {
		return resp, nil
	}
	return resp, err
}
