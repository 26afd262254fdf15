package idemredis_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemredis"
	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
)

// endsWithContext lets contexts end while something hangs, which must return their error
// long before the client's ReadTimeout, which is that of slow.
func endsWithContext(t *testing.T, what string, do func(context.Context) error) {
	t.Helper()
	const soon = 50 * time.Millisecond
	for want, begin := range map[error]func() (context.Context, context.CancelFunc){
		context.DeadlineExceeded: func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(t.Context(), soon)
		},
		context.Canceled: func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(soon, cancel)
			return ctx, cancel
		},
	} {
		ctx, cancel := begin()
		start := time.Now()
		err := do(ctx)
		cancel()
		if took := time.Since(start); !errors.Is(err, want) || took > hang {
			t.Errorf("%s: %v after %v, want %v", what, err, took, want)
		}
	}
}

// slow has a client wait for answers so long that only the store can end it in time.
func slow(server *redistest.Server) *redis.Options {
	options := server.Options()
	options.ReadTimeout = 2 * hang
	return options
}

// A server that hangs does not hold a step beyond its context, whatever the client does
// with contexts.
func TestHangingServer(t *testing.T) {
	t.Parallel()
	for name, client := range map[string]func(*testing.T, *redis.Options) redis.UniversalClient{
		"client": func(t *testing.T, options *redis.Options) redis.UniversalClient { return connect(t, options) },
		"client that watches deadlines": func(t *testing.T, options *redis.Options) redis.UniversalClient {
			options.ContextTimeoutEnabled = true
			return connect(t, options)
		},
		"auto-pipelining client": func(t *testing.T, options *redis.Options) redis.UniversalClient {
			return autoPipeline(t, connect(t, options))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			store := open(t, client(t, slow(server)))
			claim := acquire(t, store, newID())
			server.Pause()
			for step, do := range allSteps(store, claim) {
				endsWithContext(t, step, do)
			}
			server.Continue()
			expect(t, store, newID(), idem.Acquired)
		})
	}
}

// A client that has the context's deadline for its connection may notice first that it has
// passed, and the step says all the same what the matter is.
func TestDeadlineIsTheError(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	options := server.Options()
	options.ContextTimeoutEnabled, options.MaxRetries = true, -1
	store := open(t, connect(t, options))
	claim := acquire(t, store, newID())
	server.Pause()
	for range 100 {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		if err := store.Extend(ctx, claim, time.Minute); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Extend: %v, want context.DeadlineExceeded", err)
		}
		cancel()
	}
}

// pauser pauses a server before it gets a command.
type pauser struct {
	server *redistest.Server
	before string // a command's name, or "pipeline"
}

func (p pauser) DialHook(next redis.DialHook) redis.DialHook { return next }

func (p pauser) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == p.before {
			p.server.Pause()
		}
		return next(ctx, cmd)
	}
}

func (p pauser) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if p.before == "pipeline" {
			p.server.Pause()
		}
		return next(ctx, cmds)
	}
}

// What takes many commands ends with its context too, whichever of them hangs.
func TestHangAmidScanAndCheck(t *testing.T) {
	t.Parallel()
	for before, do := range map[string]func(context.Context, *idemredis.Store) error{
		"scan": scanAll, "pipeline": scanAll, "info": checkAll, "config": checkAll,
	} {
		t.Run(before, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			client := connect(t, slow(server))
			store := open(t, client)
			acquire(t, store, newID())
			client.AddHook(pauser{server, before})
			endsWithContext(t, before, func(ctx context.Context) error {
				defer server.Continue()
				return do(ctx, store)
			})
		})
	}
}

func scanAll(ctx context.Context, store *idemredis.Store) error {
	for _, err := range store.Scan(ctx) {
		if err != nil {
			return err
		}
	}
	return nil
}

// checkAll returns the error that is a finding.
func checkAll(ctx context.Context, store *idemredis.Store) error {
	findings, err := store.Check(ctx)
	for _, f := range findings {
		for _, cause := range []error{context.DeadlineExceeded, context.Canceled} {
			if strings.Contains(f.Text, cause.Error()) {
				return cause
			}
		}
	}
	return err
}

// A Cluster that hangs before its nodes are known.
func TestHangingCluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t)
	options := cluster.Options()
	options.ReadTimeout = 2 * hang
	client := redis.NewClusterClient(options)
	t.Cleanup(func() { _ = client.Close() })
	store := open(t, client)
	for _, node := range cluster.Nodes {
		node.Pause()
	}
	endsWithContext(t, "Scan", func(ctx context.Context) error { return scanAll(ctx, store) })
}

// Close returns although go-redis dials a server that cannot be reached.
func TestCloseWhileDialing(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	unreachable, dialing, end := make(chan struct{}), make(chan struct{}, 100), make(chan struct{})
	options := server.Options()
	options.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		select {
		case <-unreachable:
			dialing <- struct{}{}
			<-end
			return nil, errors.New("unreachable")
		default:
			return new(net.Dialer).DialContext(ctx, network, addr)
		}
	}
	store := open(t, connect(t, options))
	claim := acquire(t, store, newID())
	ctx, cancel := context.WithCancel(t.Context())
	done := wait(ctx, store, claim.ID, 1)
	eventually(t, "a subscription", func() bool { return subscribers(t, server.Client(), claim.ID) == 1 })
	close(unreachable)
	server.Kill()
	<-dialing
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Wait: %v, want context.Canceled", err)
	}
	closed := make(chan error, 1)
	go func() { closed <- store.Close() }()
	select {
	case err := <-closed:
		ok(t, err)
	case <-time.After(hang):
		t.Error("Close hangs")
	}
	close(end)
}
