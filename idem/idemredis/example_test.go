package idemredis_test

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemredis"
)

// A worker behind a queue that may deliver an order twice, to any of its processes.
func Example() {
	ctx := context.Background()
	client := redis.NewClient(&redis.Options{Addr: "localhost:6379", ContextTimeoutEnabled: true})
	defer client.Close()
	store := idemredis.New(client)
	defer store.Close()

	findings, err := store.Check(ctx)
	if err != nil {
		slog.Error("redis cannot keep claims", "error", err)
		return
	}
	for _, f := range findings {
		slog.Log(ctx, f.Level, f.Text, "server", f.Server)
	}

	guard := idem.NewGuard(store, idem.WithWait(5*time.Second))
	op := idem.Operation{Name: "charge", Scope: "customer-7", Key: "order-17"}
	receipt, err := idem.Do(ctx, guard, op, charge) // in one process, once
	fmt.Println(receipt, err)
}

func charge(context.Context) (string, error) { return "receipt", nil }

// A Cluster, with auto-pipelining: many callers share few trips.
func ExampleNew_cluster() {
	cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"redis-1:6379", "redis-2:6379"}})
	pipelining, err := cluster.AutoPipeline()
	if err != nil {
		fmt.Println(err)
		return
	}
	store := idemredis.New(pipelining, idemredis.WithPrefix("shop:idem:"))
	fmt.Println(store.Check(context.Background()))
}

// Sentinels, and claims that a replica has before anything runs.
func ExampleWithReplicas() {
	client := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: "main", SentinelAddrs: []string{"sentinel-1:26379", "sentinel-2:26379", "sentinel-3:26379"},
	})
	store := idemredis.New(client, idemredis.WithReplicas(1, 500*time.Millisecond))
	guard := idem.NewGuard(store)
	fmt.Println(guard.Guarantee())
}

// What operators do about an operation of which nobody knows how it ended.
func ExampleStore_Scan() {
	ctx := context.Background()
	store := idemredis.New(redis.NewClient(&redis.Options{Addr: "localhost:6379"}))
	for info, err := range store.Scan(ctx) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if info.State == idem.Unknown {
			fmt.Println(info.ID, info.Age, info.Reason)
		}
	}
}
