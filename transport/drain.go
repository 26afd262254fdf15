package transport

import (
	"io"
	"net/http"
	"time"
)

// The bounds of draining: a connection is worth that much, and no more.
const (
	maxDrain  = 64 << 10
	drainTime = 500 * time.Millisecond
)

// drain reads the rest of a response that is not returned, so that its connection can
// be used again, and closes it. What is too long or too slow is closed unread.
func drain(resp *http.Response) {
	if resp == nil || resp.Body == nil {
		return
	}
	defer resp.Body.Close()
	if resp.ContentLength > maxDrain {
		return
	}
	late := time.AfterFunc(drainTime, func() { _ = resp.Body.Close() })
	defer late.Stop()
	_, _ = io.CopyN(io.Discard, resp.Body, maxDrain+1)
}
