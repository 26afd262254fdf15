package transport

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// The bounds of draining: a connection is worth that much, and no more.
const (
	maxDrain     = 64 << 10
	minDrainTime = 100 * time.Millisecond
	maxDrainTime = 500 * time.Millisecond
)

// drain reads the rest of a response that is not returned, so that its connection can
// be used again, and closes it. What is too long, or takes much longer than there is time
// until the next attempt, is closed unread; closing is the one way to end a read that
// hangs, so the body must allow that, as those of net/http do.
func drain(ctx context.Context, resp *http.Response, spare time.Duration) {
	if resp == nil || resp.Body == nil {
		return
	}
	end := sync.OnceFunc(func() { _ = resp.Body.Close() })
	defer end()
	if resp.ContentLength > maxDrain {
		return
	}
	spare = min(max(spare, minDrainTime), maxDrainTime)
	if deadline, ok := ctx.Deadline(); ok {
		spare = min(spare, time.Until(deadline)/2)
	}
	late := time.AfterFunc(spare, end)
	defer late.Stop()
	_, _ = io.CopyN(io.Discard, resp.Body, maxDrain+1)
}
