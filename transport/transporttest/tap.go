package transporttest

import (
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// tap stands between the target and the network. It looks on, and changes nothing.
type tap struct {
	next      http.RoundTripper
	look      func(*http.Request) // at each request that the target sends; may be nil
	got       func()              // is called when the network has answered; may be nil
	watch     bool                // whether responses are closed
	idleCalls atomic.Int32        // of CloseIdleConnections

	mu        sync.Mutex
	sent      int
	responses []*watched
}

func (t *tap) CloseIdleConnections() {
	t.idleCalls.Add(1)
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func (t *tap) RoundTrip(req *http.Request) (*http.Response, error) {
	t.mu.Lock()
	t.sent++
	t.mu.Unlock()
	if t.look != nil {
		t.look(req)
	}
	resp, err := t.next.RoundTrip(req)
	if t.got != nil {
		t.got()
	}
	if t.watch && resp != nil {
		body := &watched{Reader: resp.Body, close: resp.Body.Close}
		resp.Body = body
		t.mu.Lock()
		t.responses = append(t.responses, body)
		t.mu.Unlock()
	}
	return resp, err
}

// attempts is how often the target sent something.
func (t *tap) attempts() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sent
}

// unclosed is how many responses the target got and nobody closed.
func (t *tap) unclosed() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range t.responses {
		if r.closes.Load() == 0 {
			n++
		}
	}
	return n
}

// watched is a body that tells what was done with it.
type watched struct {
	io.Reader
	close  func() error
	read   atomic.Int64 // bytes
	closes atomic.Int32
}

func (b *watched) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.read.Add(int64(n))
	return n, err
}

func (b *watched) Close() error {
	b.closes.Add(1)
	if b.close != nil {
		return b.close()
	}
	return nil
}

// rewindable is a watched body that is an io.Seeker, as files are.
type rewindable struct {
	*watched
	io.Seeker
}
