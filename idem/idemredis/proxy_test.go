package idemredis_test

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
)

// proxy stands before a server. When told so, it lets the server do what it is asked and
// then cuts the connection instead of handing the answer on.
type proxy struct {
	listener net.Listener
	server   string
	lose     atomic.Int32 // answers still to be lost
	lost     atomic.Int32
	open     sync.WaitGroup
}

func startProxy(t *testing.T, server string) *proxy {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	p := &proxy{listener: listener, server: server}
	p.open.Go(p.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		p.open.Wait()
	})
	return p
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.open.Go(func() { p.serve(client) })
	}
}

func (p *proxy) serve(client net.Conn) {
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		client.Close()
		return
	}
	p.open.Go(func() {
		_, _ = io.Copy(server, client) // until either side is gone
		server.Close()
	})
	defer client.Close()
	answer := make([]byte, 64<<10)
	for {
		n, err := server.Read(answer)
		if err != nil || p.losing() {
			server.Close()
			return
		}
		if _, err := client.Write(answer[:n]); err != nil {
			return
		}
	}
}

func (p *proxy) losing() bool {
	if p.lose.Add(-1) >= 0 {
		p.lost.Add(1)
		return true
	}
	p.lose.Store(0)
	return false
}

// When an answer is lost go-redis asks again. The second answer must be what the first
// was, whatever the step.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	p := startProxy(t, server.Addr())
	// One connection, so that the next answer is that of the next step.
	client := connect(t, &redis.Options{Addr: p.listener.Addr().String(), PoolSize: 1, DisableIdentity: true})
	store := open(t, client)
	ok(t, client.Ping(t.Context()).Err())
	id := newID()
	var claim idem.Claim
	for _, step := range []struct {
		name string
		do   func() error
		want idem.State
	}{
		{"Claim", func() error {
			claim = acquire(t, store, id)
			return nil
		}, idem.Pending},
		{"Extend", func() error { return store.Extend(t.Context(), claim, time.Minute) }, idem.Pending},
		{"Release", func() error { return store.Release(t.Context(), claim) }, idem.Absent},
		{"Claim again", func() error {
			claim = acquire(t, store, id)
			return nil
		}, idem.Pending},
		{"Abandon", func() error { return store.Abandon(t.Context(), claim, "test") }, idem.Unknown},
		{"Complete", func() error { return store.Complete(t.Context(), claim, nil, []byte("result"), time.Minute) }, idem.Done},
		{"Purge", func() error { return store.Purge(t.Context(), id) }, idem.Absent},
	} {
		ok(t, client.Ping(t.Context()).Err()) // a connection is there
		p.lost.Store(0)
		p.lose.Store(1)
		if err := step.do(); err != nil {
			t.Errorf("%s: %v", step.name, err)
		}
		if p.lost.Load() != 1 {
			t.Fatalf("%s: %d answers lost, want 1", step.name, p.lost.Load())
		}
		info, err := store.Get(t.Context(), id)
		ok(t, err)
		if info.State != step.want {
			t.Errorf("after %s: %v, want %v", step.name, info.State, step.want)
		}
	}
}
