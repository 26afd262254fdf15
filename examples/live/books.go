package main

import (
	"context"
	"errors"
	"os/exec"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/slotredis"
)

// What the page is told of the store.
const (
	storeRuns    = "running"
	storeStopped = "stopped"
	storeForeign = "yours"  // it runs, and is not this program's to stop
	storeMemory  = "memory" // there is no Redis
)

var (
	errForeign = errors.New("this Redis was running before: it is not stopped from here")
	errMemory  = errors.New("no Redis to stop: redis-server is not installed")
)

// books is the store by which the processes of a fleet take turns.
type books struct {
	slots  slot.Store
	redis  *slotredis.Store // slots, when they are in a Redis
	own    *redisServer     // nil unless it is this program's
	client *redis.Client    // of a Redis that somebody else runs, or nil
}

// openBooks uses the Redis at the address, or one of its own where that is "" and
// redis-server is installed, and otherwise the memory of this program.
func openBooks(ctx context.Context, address string) (*books, error) {
	if address != "" {
		client := newClient("tcp", address)
		if err := client.Ping(ctx).Err(); err != nil {
			return nil, errors.Join(err, client.Close())
		}
		return (&books{client: client}).over(client), nil
	}
	if program, err := exec.LookPath("redis-server"); err == nil {
		own, err := startRedis(ctx, program)
		if err != nil {
			return nil, err
		}
		return (&books{own: own}).over(own.client), nil
	}
	return &books{slots: slot.NewMemory()}, nil
}

// over puts the slots into a Redis.
func (b *books) over(client *redis.Client) *books {
	// Fleets of other runs at the same Redis have other services.
	b.redis = slotredis.New(client, slotredis.WithPrefix("goaround-live:"))
	b.slots = b.redis
	return b
}

// run starts or stops the Redis.
func (b *books) run(ctx context.Context, running bool) error {
	switch {
	case b.client != nil:
		return errForeign
	case b.own == nil:
		return errMemory
	case running:
		return b.own.start(ctx)
	default:
		b.own.stop()
		return nil
	}
}

// state is one of the constants.
func (b *books) state() string {
	switch {
	case b.client != nil:
		return storeForeign
	case b.own == nil:
		return storeMemory
	case b.own.up():
		return storeRuns
	default:
		return storeStopped
	}
}

func (b *books) close() error {
	var errs []error
	if b.redis != nil {
		errs = append(errs, b.redis.Close())
	}
	if b.client != nil {
		errs = append(errs, b.client.Close())
	}
	if b.own != nil {
		errs = append(errs, b.own.close())
	}
	return errors.Join(errs...)
}
