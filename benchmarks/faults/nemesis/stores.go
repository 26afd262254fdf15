package nemesis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/faults/site"
)

// stores are those that attack the processes of the store, whatever it is.
func stores() []Nemesis {
	return []Nemesis{
		{
			Name: "store-kill", Doc: "kill -9 of a server of the store that keeps on disk what it has acknowledged, and its start",
			Fits: only(site.RedisAOF, site.Cluster, site.SQL), Strike: always(killStore),
		},
		{
			Name: "store-stop", Doc: "SIGSTOP of a server of the store; with Sentinels, of the replica",
			Fits: anywhere, Strike: always(stopStore),
		},
	}
}

func killStore(ctx context.Context, w *World) error {
	node, d := aNode(w), w.between(100*time.Millisecond, 1500*time.Millisecond)
	w.Log("the store at %s is gone for %v", node.Addr(), d)
	return errors.Join(gone(ctx, node, d), sound(w))
}

// gone kills a server and starts it again after a while.
func gone(ctx context.Context, node site.Node, d time.Duration) error {
	if err := node.Kill(); err != nil {
		return err
	}
	return errors.Join(last(ctx, d), node.Start())
}

func stopStore(ctx context.Context, w *World) error {
	node, d := aNode(w), w.between(200*time.Millisecond, 2*time.Second)
	if w.Site.Kind() == site.Sentinel {
		if err := sound(w); err != nil { // Sentinels may be at work already
			return err
		}
		_, replica, err := roles(ctx, w.Site)
		if err != nil {
			return err
		}
		node = replica.Node
	}
	w.Log("the store at %s stands still for %v", node.Addr(), d)
	return errors.Join(hangs(ctx, node, d), sound(w))
}

// hangs pauses a server for a while.
func hangs(ctx context.Context, node site.Node, d time.Duration) error {
	if err := node.Pause(); err != nil {
		return err
	}
	return errors.Join(last(ctx, d), node.Resume())
}

func aNode(w *World) site.Node {
	nodes := w.Site.Nodes()
	return nodes[w.Rand.IntN(len(nodes))]
}

// soundTime is how long a store may take to recover, on a very busy machine.
const soundTime = 60 * time.Second

// sound waits until the whole store works. The strike's context may have ended: mending has
// time of its own.
func sound(w *World) error {
	return eventually(soundTime, func(ctx context.Context) error {
		if db := w.Site.DB(); db != nil {
			return db.PingContext(ctx)
		}
		return soundRedis(ctx, w.Site)
	})
}

// eventually asks again and again until check returns nil.
func eventually(limit time.Duration, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		if last(ctx, 10*time.Millisecond) != nil {
			return fmt.Errorf("nemesis: not mended after %v: %w", limit, err)
		}
	}
}
