package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// redisServer is a Redis of the program's own, which keeps nothing on disk.
type redisServer struct {
	program, folder string
	client          *redis.Client

	mu    sync.Mutex            // held while it is started or stopped
	child atomic.Pointer[child] // the last one, or nil
}

// child is a process of the server's.
type child struct {
	process *os.Process
	answers atomic.Bool
	gone    chan struct{} // closed when it has ended, for whatever reason
}

var errEnded = errors.New("redis-server ended as soon as it had started")

// startRedis starts a server in a temporary folder.
func startRedis(ctx context.Context, program string) (*redisServer, error) {
	folder, err := os.MkdirTemp("", "goaround-live-*")
	if err != nil {
		return nil, err
	}
	r := &redisServer{program: program, folder: folder}
	r.client = newClient("unix", r.socket())
	if err := r.start(ctx); err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

// newClient makes a client that does not try again by itself: a fleet without its store is
// to know it at once.
func newClient(network, address string) *redis.Client {
	return redis.NewClient(&redis.Options{
		Network: network, Addr: address, ContextTimeoutEnabled: true, MaxRetries: -1, DialerRetries: 1,
	})
}

// socket is where it listens: no port, which another program could have.
func (r *redisServer) socket() string { return filepath.Join(r.folder, "redis.sock") }

// start runs the server, if it does not run, and returns when it answers.
func (r *redisServer) start(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.up() {
		return nil
	}
	cmd := exec.Command(r.program, "--port", "0", "--unixsocket", r.socket(), "--save", "", "--dir", r.folder) //nolint:noctx // it outlives the click that starts it
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = dieWithParent()
	if err := cmd.Start(); err != nil {
		return err
	}
	c := &child{process: cmd.Process, gone: make(chan struct{})}
	r.child.Store(c)
	go func() {
		_ = cmd.Wait() // that it ended is all there is to know
		close(c.gone)
	}()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		err := r.client.Ping(ctx).Err()
		if err == nil {
			c.answers.Store(true)
			return nil
		}
		select {
		case <-c.gone:
			return errEnded
		case <-ctx.Done():
			c.kill()
			return fmt.Errorf("redis-server does not answer: %w", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// stop ends the server, if it runs, as a crash would.
func (r *redisServer) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.child.Load(); c != nil {
		c.kill()
	}
}

// up is whether it answered and has not ended since, be it by itself.
func (r *redisServer) up() bool {
	c := r.child.Load()
	if c == nil || !c.answers.Load() {
		return false
	}
	select {
	case <-c.gone:
		return false
	default:
		return true
	}
}

// kill returns when the process has ended.
func (c *child) kill() {
	_ = c.process.Kill() // which may have ended before
	<-c.gone
}

// close stops it for good.
func (r *redisServer) close() error {
	r.stop()
	return errors.Join(r.client.Close(), os.RemoveAll(r.folder))
}
