package main

import (
	"context"
	"log/slog"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemredis"
)

// openStore opens a store in Redis, or one in memory where no address is given. The one in
// memory is for a single process and forgets with it: a second process, or the same one after
// a restart, would run a key again.
func openStore(ctx context.Context, addr string) (store idem.Store, closeStore func(), err error) {
	if addr == "" {
		return idem.NewMemory(), func() {}, nil
	}
	client := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true})
	kept := idemredis.New(client)
	closeStore = func() {
		_ = kept.Close()
		_ = client.Close() // everything is written by now
	}
	findings, err := kept.Check(ctx) // whether this Redis can lose keys
	for _, f := range findings {
		slog.Log(ctx, f.Level, f.Text, "server", f.Server)
	}
	if err != nil {
		closeStore()
		return nil, nil, err
	}
	return kept, closeStore, nil
}
