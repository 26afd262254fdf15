package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"time"
)

// resetConn ends the request's connection as a crash would: with a TCP reset, and
// without a byte of response.
func resetConn(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // net/http closes the connection then
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // what is not sent is forgotten: a reset, no orderly end
	}
	_ = conn.Close() // to break it is the purpose
}

// keepBody reads the request body, so that it outlives the connection.
func keepBody(r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the client has left already
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
}

// discard is a response that nobody gets.
type discard struct{ header http.Header }

func newDiscard() *discard { return &discard{header: make(http.Header)} }

func (d *discard) Header() http.Header       { return d.header }
func (*discard) Write(p []byte) (int, error) { return len(p), nil }
func (*discard) WriteHeader(int)             {}

// sleep waits for d, or until the request's connection is gone.
func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
