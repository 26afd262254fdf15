package transport

import (
	"bytes"
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

// maxKept is the longest body that is kept in memory while a call waits.
const maxKept = 16 << 10

// drain reads the rest of a response that is not returned, so that its connection can
// be used again, and closes it. What is too long, or takes much longer than there is time
// until the next attempt, is closed unread; closing is the one way to end a read that
// hangs, so the body must allow that, as those of net/http do.
func drain(ctx context.Context, resp *http.Response, spare time.Duration) {
	readOut(ctx, resp, spare, io.Discard)
}

// keep drains a response and returns it with its body in memory; nil when it is too long or
// breaks off.
func keep(ctx context.Context, resp *http.Response, spare time.Duration) *http.Response {
	if resp == nil {
		return nil
	}
	var kept shortBuffer
	if !readOut(ctx, resp, spare, &kept) || kept.full {
		return nil
	}
	resp.Body = io.NopCloser(&kept.content)
	return resp
}

// readOut copies a body to w and closes it, and reports whether it got all of it.
func readOut(ctx context.Context, resp *http.Response, spare time.Duration, w io.Writer) bool {
	if resp == nil || resp.Body == nil || resp.Body == http.NoBody {
		return true
	}
	end := sync.OnceFunc(func() { _ = resp.Body.Close() })
	defer end()
	if resp.ContentLength > maxDrain {
		return false
	}
	spare = min(max(spare, minDrainTime), maxDrainTime)
	if deadline, ok := ctx.Deadline(); ok {
		spare = min(spare, time.Until(deadline)/2)
	}
	late := time.AfterFunc(spare, end)
	defer late.Stop()
	_, err := io.CopyN(w, resp.Body, maxDrain+1)
	return err == io.EOF //nolint:errorlint // as CopyN returns it
}

// shortBuffer keeps what is written to it while it is short.
type shortBuffer struct {
	content bytes.Buffer
	full    bool
}

func (b *shortBuffer) Write(p []byte) (int, error) {
	if b.full || b.content.Len()+len(p) > maxKept {
		b.full, b.content = true, bytes.Buffer{}
		return len(p), nil
	}
	return b.content.Write(p)
}
