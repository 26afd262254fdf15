package drivertest

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
)

// proxy stands between a client and the server, and cuts the connection at a COMMIT.
type proxy struct {
	addr string
	// deliver says for the nth COMMIT, counted down, whether the server still gets it.
	deliver func(n int) bool

	mu  sync.Mutex
	cut int // how many commits are still to be cut
}

func always(int) bool { return true }
func never(int) bool  { return false }

// cutCommits returns a proxy that cuts the first n commits.
func cutCommits(t *testing.T, n int, deliver func(int) bool) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	p := &proxy{addr: listener.Addr().String(), deliver: deliver, cut: n}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // closed
			}
			running.Go(func() { p.serve(t, client) })
		}
	})
	t.Cleanup(func() {
		noError(t, listener.Close())
		running.Wait()
		if p.cut > 0 {
			t.Errorf("%d commits were not cut", p.cut)
		}
	})
	return p
}

// serve passes on what the client sends and what the server answers until either ends.
func (p *proxy) serve(t *testing.T, client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", shared.Addr())
	if err != nil {
		t.Error(err)
		return
	}
	defer server.Close()
	answers := make(chan struct{})
	go func() {
		defer close(answers)
		_, _ = io.Copy(client, server) // until it is closed
		_ = client.Close()
	}()
	defer func() { <-answers }()
	defer server.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		number := 0
		if bytes.Contains(buf[:n], []byte("commit\x00")) {
			number = p.next()
		}
		if number == 0 {
			if _, err := server.Write(buf[:n]); err != nil {
				return
			}
			continue
		}
		_ = client.Close() // no answer from here on
		if p.deliver(number) {
			_, _ = server.Write(buf[:n])
		}
		return
	}
}

// next is the number of the next COMMIT to be cut, 0 when none is.
func (p *proxy) next() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.cut
	p.cut = max(n-1, 0)
	return n
}
