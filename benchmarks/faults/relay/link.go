package relay

import (
	"net"
	"sync"
	"time"
)

// link is one connection through the relay.
type link struct {
	relay  *Relay
	client *net.TCPConn
	once   sync.Once
	over   chan struct{} // closed when the link is broken

	mu     sync.Mutex
	server *net.TCPConn // nil until it is reached
}

// reached notes the connection to the server, and reports whether the link still stands.
func (l *link) reached(server *net.TCPConn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.server = server
	select {
	case <-l.over:
		return false
	default:
		return true
	}
}

// reset breaks the link: both sides are told at once, and what is on its way is lost.
func (l *link) reset() { l.end(true) }

// end closes both sides, those whose link is reset without a farewell.
func (l *link) end(reset bool) {
	l.once.Do(func() { close(l.over) })
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range []*net.TCPConn{l.client, l.server} {
		if conn == nil {
			continue
		}
		if reset {
			_ = conn.SetLinger(0) // it may be closed already
		}
		_ = conn.Close()
	}
}

// pass carries what one side sends to the other, until either is gone. A piece that keep
// refuses is lost, and the link with it.
func (l *link) pass(from, to *net.TCPConn, keep func() bool) {
	defer l.end(false)
	piece := make([]byte, 32<<10)
	for {
		n, err := from.Read(piece)
		if n > 0 {
			if keep != nil && !keep() {
				l.reset()
				return
			}
			if !l.hold() {
				return
			}
			if _, err := to.Write(piece[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// answer reports whether this answer is not one of those to be lost.
func (l *link) answer() bool {
	for lose := &l.relay.lose; ; {
		n := lose.Load()
		if n <= 0 {
			return true
		}
		if lose.CompareAndSwap(n, n-1) {
			l.relay.lost.Add(1)
			return false
		}
	}
}

// hold keeps a piece for as long as the weather wants, and reports whether the link still
// stands.
func (l *link) hold() bool { return l.pause(l.relay.weather.Load().delay()) }

// pause waits for d, or until the weather changes, and then while nothing may pass. It
// reports whether the link still stands.
func (l *link) pause(d time.Duration) bool {
	w := l.relay.weather.Load()
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-w.changed:
		case <-l.over:
			return false
		}
	}
	for w = l.relay.weather.Load(); w.silent; w = l.relay.weather.Load() {
		select {
		case <-w.changed:
		case <-l.over:
			return false
		}
	}
	return true
}
