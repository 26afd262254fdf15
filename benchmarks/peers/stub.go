package main

import (
	"io"
	"net/http"
	"sync/atomic"
)

// stub answers at once, and reads and closes the request body like a real transport.
func stub(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_, _ = io.Copy(io.Discard, req.Body)
		_ = req.Body.Close()
	}
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: req}, nil
}

// flaky is a stub whose every other response is a 503.
func flaky() roundTripperFunc {
	var n atomic.Uint64
	return func(req *http.Request) (*http.Response, error) {
		resp, err := stub(req)
		if n.Add(1)%2 == 1 {
			resp.StatusCode = http.StatusServiceUnavailable
		}
		return resp, err
	}
}

// zeros is an endless body that costs no memory.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
