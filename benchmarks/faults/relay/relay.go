package relay

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
)

// Relay passes TCP connections on. Its methods are safe for use by several goroutines.
type Relay struct {
	listener net.Listener
	ctx      context.Context // ends with Close
	stop     context.CancelFunc
	running  sync.WaitGroup
	weather  atomic.Pointer[weather]
	lose     atomic.Int64 // answers still to be lost
	lost     atomic.Int64

	mu       sync.Mutex
	upstream string
	links    map[*link]struct{}
}

// Listen starts a relay on a free port of 127.0.0.1. An empty upstream, or one where nobody
// listens, resets each connection; see [Relay.To].
func Listen(upstream string) (*Relay, error) {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &Relay{listener: listener, ctx: ctx, stop: stop, upstream: upstream, links: make(map[*link]struct{})}
	r.weather.Store(&weather{changed: make(chan struct{})})
	r.running.Go(r.accept)
	return r, nil
}

// Addr is where the relay listens, as host:port.
func (r *Relay) Addr() string { return r.listener.Addr().String() }

// To changes what new connections are passed on to. Those that are open stay as they are.
func (r *Relay) To(upstream string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.upstream = upstream
}

// Close ends the relay and all its connections.
func (r *Relay) Close() error {
	r.stop()
	err := r.listener.Close()
	r.reset()
	r.running.Wait()
	return err
}

// accept serves connections until the relay is closed.
func (r *Relay) accept() {
	for {
		conn, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.running.Go(func() { r.serve(conn.(*net.TCPConn)) })
	}
}

// serve passes one connection on, until either side or the relay ends it.
func (r *Relay) serve(client *net.TCPConn) {
	l := &link{relay: r, client: client, over: make(chan struct{})}
	defer r.forget(l)
	if !r.know(l) || !l.pause(0) {
		l.reset()
		return
	}
	conn, err := new(net.Dialer).DialContext(r.ctx, "tcp", r.target())
	if err != nil {
		l.reset()
		return
	}
	server := conn.(*net.TCPConn)
	if !l.reached(server) {
		l.reset()
		return
	}
	var answers sync.WaitGroup
	answers.Go(func() { l.pass(server, client, l.answer) })
	l.pass(client, server, nil)
	answers.Wait()
}

func (r *Relay) target() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.upstream
}

// know notes a link, so that it can be reset, and reports whether there may be one.
func (r *Relay) know(l *link) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.links[l] = struct{}{}
	return !r.weather.Load().cut && r.ctx.Err() == nil
}

func (r *Relay) forget(l *link) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.links, l)
}

// reset breaks all connections.
func (r *Relay) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for l := range r.links {
		l.reset()
	}
}
