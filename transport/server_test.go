package transport_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
)

// newTLS is a server with TLS on loopback and a client that trusts it.
func newTLS(t *testing.T, http2 bool, h http.HandlerFunc) (*httptest.Server, *http.Client) {
	t.Helper()
	ts := httptest.NewUnstartedServer(h)
	ts.EnableHTTP2 = http2
	ts.Config.ErrorLog = quiet
	ts.StartTLS()
	client := ts.Client()
	t.Cleanup(func() {
		client.CloseIdleConnections()
		ts.CloseClientConnections()
		ts.Close()
	})
	return ts, client
}

// frames is a server that speaks just enough HTTP/2 (RFC 9113), without TLS, to end requests
// in ways that a whole server would not.
type frames struct {
	net.Listener
	// answer is given the connection and the number of the request, from 1, and writes what
	// answers it. It returns false when the connection is to be closed.
	answer func(c *framed, n int) bool
	n      atomic.Int32
}

// framed is a connection of such a server, and the stream of its current request.
type framed struct {
	net.Conn
	stream uint32
}

// Types of frames, and flags.
const (
	frameHeaders, frameReset, frameSettings, framePing, frameGoAway = 1, 3, 4, 6, 7
	endStream, ack, endHeaders                                      = 1, 1, 4
)

func (c *framed) frame(kind, flags byte, stream uint32, payload []byte) {
	f := []byte{0, byte(len(payload) >> 8), byte(len(payload)), kind, flags}
	f = append(binary.BigEndian.AppendUint32(f, stream), payload...)
	_, _ = c.Write(f)
}

// ok is a response 200 without a body: HEADERS with the entry 8 of the static table.
func (c *framed) ok() { c.frame(frameHeaders, endStream|endHeaders, c.stream, []byte{0x88}) }

// reset ends the stream with an error code.
func (c *framed) reset(code uint32) {
	c.frame(frameReset, 0, c.stream, binary.BigEndian.AppendUint32(nil, code))
}

// goAway ends the connection; streams above last were not begun.
func (c *framed) goAway(last, code uint32) {
	c.frame(frameGoAway, 0, 0, binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, last), code))
}

func newFrames(t *testing.T, answer func(c *framed, n int) bool) *frames {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &frames{Listener: l, answer: answer}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
			wg.Go(func() {
				defer stop()
				f.serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		cancel()
		wg.Wait()
	})
	return f
}

func (f *frames) serve(conn net.Conn) {
	defer conn.Close()
	preface := make([]byte, len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
	if _, err := io.ReadFull(conn, preface); err != nil {
		return
	}
	c := &framed{Conn: conn}
	c.frame(frameSettings, 0, 0, nil)
	for {
		head := make([]byte, 9)
		if _, err := io.ReadFull(conn, head); err != nil {
			return
		}
		payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
		if _, err := io.ReadFull(conn, payload); err != nil {
			return
		}
		kind, flags := head[3], head[4]
		switch {
		case kind == frameSettings && flags&ack == 0:
			c.frame(frameSettings, ack, 0, nil)
		case kind == framePing && flags&ack == 0:
			c.frame(framePing, ack, 0, payload)
		case kind == frameHeaders:
			c.stream = binary.BigEndian.Uint32(head[5:])
			if !f.answer(c, int(f.n.Add(1))) {
				return
			}
		}
	}
}

// newPlainHTTP2 is a client that speaks HTTP/2 without TLS, and nothing else.
func newPlainHTTP2(t *testing.T) *http.Transport {
	t.Helper()
	base := &http.Transport{Protocols: new(http.Protocols)}
	base.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(base.CloseIdleConnections)
	return base
}
