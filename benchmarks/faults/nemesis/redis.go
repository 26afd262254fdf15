package nemesis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/benchmarks/faults/site"
)

// onRedis Fits each kind that is Redis.
var onRedis = only(site.Redis, site.RedisAOF, site.Sentinel, site.Cluster)

// redises are those that attack what is special in Redis.
func redises() []Nemesis {
	return []Nemesis{
		{
			Name: "redis-empty", Doc: "restart of a Redis without persistence, which has forgotten everything",
			Forgets: true, Fits: only(site.Redis), Strike: always(restartEmpty),
		},
		{
			Name: "failover", Doc: "the replica loses its link, the master takes more writes and is killed, and the replica is promoted without them",
			Forgets: true, Fits: only(site.Sentinel), Strike: always(failOver),
		},
		{
			Name: "oom", Doc: "maxmemory below what is in use on all nodes, so that writes are refused",
			Fits: onRedis, Strike: always(fill),
		},
		{
			Name: "script-flush", Doc: "SCRIPT FLUSH on all nodes",
			Fits: onRedis, Strike: always(flushScripts),
		},
	}
}

func restartEmpty(ctx context.Context, w *World) error {
	node, d := aNode(w), w.between(0, time.Second)
	w.Log("the Redis at %s is gone for %v and comes back empty", node.Addr(), d)
	return errors.Join(gone(ctx, node, d), sound(w))
}

func fill(ctx context.Context, w *World) error {
	d := w.between(300*time.Millisecond, 1500*time.Millisecond)
	w.Log("Redis is full for %v", d)
	err := setMemory(ctx, w.Site, "1") // a server that is empty uses more
	if err == nil {
		err = last(ctx, d)
	}
	mend, cancel := context.WithTimeout(context.Background(), soundTime)
	defer cancel()
	return errors.Join(err, setMemory(mend, w.Site, "0")) // 0 is no bound
}

func setMemory(ctx context.Context, s *site.Site, bytes string) error {
	return each(s, func(client *redis.Client) error {
		return client.ConfigSet(ctx, "maxmemory", bytes).Err()
	})
}

func flushScripts(ctx context.Context, w *World) error {
	w.Log("Redis forgets its scripts")
	return each(w.Site, func(client *redis.Client) error { return client.ScriptFlush(ctx).Err() })
}

// each does something with all nodes of Redis.
func each(s *site.Site, do func(*redis.Client) error) error {
	var errs []error
	for _, client := range s.Redis() {
		errs = append(errs, do(client))
	}
	return errors.Join(errs...)
}

// soundRedis returns nil when each node answers, the Cluster says that it works, and a replica
// has its master.
func soundRedis(ctx context.Context, s *site.Site) error {
	return each(s, func(client *redis.Client) error {
		switch s.Kind() {
		case site.Cluster:
			return says(client.ClusterInfo(ctx), "cluster_state:ok")
		case site.Sentinel:
			_, _, err := roles(ctx, s)
			return err
		default:
			return client.Ping(ctx).Err()
		}
	})
}

// says returns an error when the answer has no such line.
func says(answer *redis.StringCmd, line string) error {
	text, err := answer.Result()
	if err == nil && !strings.Contains(text, line+"\r\n") {
		err = fmt.Errorf("not %s: %s", line, text)
	}
	return err
}
