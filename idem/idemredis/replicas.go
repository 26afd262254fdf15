package idemredis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
)

// ErrReplicas: what was written is on the server, but fewer replicas than
// [WithReplicas] asks for have said in time that they have it.
var ErrReplicas = errors.New("idemredis: too few replicas")

// replicas is what a claim and a completion wait for.
type replicas struct {
	n       int // 0: nothing
	timeout time.Duration
}

// check panics when WAIT could not work with the client.
func (r replicas) check(client redis.UniversalClient) {
	if r.n == 0 {
		return
	}
	var read time.Duration
	switch c := client.(type) {
	case *redis.Client:
		read = c.Options().ReadTimeout
	case *redis.ClusterClient:
		read = c.Options().ReadTimeout
	default:
		panic(fmt.Sprintf("idemredis: WithReplicas with a %T: WAIT needs the connection of the write", client))
	}
	if read > 0 && read <= r.timeout {
		panic(fmt.Sprintf("idemredis: WithReplicas(%d, %v): the client's ReadTimeout of %v must be longer", r.n, r.timeout, read))
	}
}

// send runs the script, by its hash when the server knows it.
func (s *Store) send(ctx context.Context, sc script, id idem.ID, args []any) reply {
	keys := []string{s.key(id)}
	if s.replicas.n == 0 || !sc.durable {
		return reply{Cmd: sc.Run(ctx, s.client, keys, args...)}
	}
	r := s.sendAndWait(ctx, keys[0], func(p redis.Pipeliner) *redis.Cmd { return sc.EvalSha(ctx, p, keys, args...) })
	if redis.HasErrorPrefix(r.Err(), "NOSCRIPT") {
		r = s.sendAndWait(ctx, keys[0], func(p redis.Pipeliner) *redis.Cmd { return sc.Eval(ctx, p, keys, args...) })
	}
	return r
}

// While a Cluster moves a slot, its old owner is asked again this often.
const (
	movedTries = 10
	movedPause = 50 * time.Millisecond
)

// sendAndWait sends a step and WAIT together, on one connection to the server that has
// the key: WAIT speaks of what was written on its own connection. In a Cluster that needs
// the server's own client, because WAIT has no key to be sent by.
func (s *Store) sendAndWait(ctx context.Context, key string, step func(redis.Pipeliner) *redis.Cmd) reply {
	cluster, ok := s.client.(*redis.ClusterClient)
	if !ok {
		return s.pipeline(ctx, s.client.Pipeline(), step)
	}
	for try := 1; ; try++ {
		node, err := cluster.MasterForKey(ctx, key)
		if err != nil {
			cmd := redis.NewCmd(ctx)
			cmd.SetErr(err)
			return reply{Cmd: cmd}
		}
		r := s.pipeline(ctx, node.Pipeline(), step)
		if !redirected(r.Err()) || try == movedTries {
			return r
		}
		cluster.ReloadState(ctx)
		if pause(ctx, movedPause) != nil {
			return r
		}
	}
}

func (s *Store) pipeline(ctx context.Context, pipe redis.Pipeliner, step func(redis.Pipeliner) *redis.Cmd) reply {
	r := reply{Cmd: step(pipe)}
	wait := redis.NewIntCmd(ctx, "wait", s.replicas.n, s.replicas.timeout.Milliseconds())
	_ = pipe.Process(ctx, wait)
	_, _ = pipe.Exec(ctx) // each command has its own error
	if err := wait.Err(); err != nil {
		r.behind = fmt.Errorf("%w: WAIT: %w", ErrReplicas, err)
	} else if have := wait.Val(); have < int64(s.replicas.n) {
		r.behind = fmt.Errorf("%w: %d of %d have it after %v", ErrReplicas, have, s.replicas.n, s.replicas.timeout)
	}
	return r
}

func redirected(err error) bool {
	_, moved := redis.IsMovedError(err)
	_, ask := redis.IsAskError(err)
	return moved || ask
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
