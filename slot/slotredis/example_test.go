package slotredis_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/slotredis"
	"github.com/goaroundhq/goaround/transport"
)

// All processes that share the server take turns at each target.
func ExampleNew() {
	client := redis.NewClient(&redis.Options{Addr: "localhost:6379", ContextTimeoutEnabled: true})
	defer client.Close()
	queue := slot.NewQueue(slot.WithStore(slotredis.New(client, slotredis.WithPrefix("shop:slot:"))))
	plan := &slot.Plan{Pacer: queue, MaxAttempts: 10}

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	receipt, err := slot.Do(ctx, plan, "payments", pay)
	if errors.Is(err, slot.ErrDeadline) {
		fmt.Println("no slot comes within the minute")
	}
	fmt.Println(receipt, err)
}

func pay(context.Context) (string, error) { return "receipt", nil }

// A fleet of HTTP clients takes turns at each server. While a server is in trouble, first
// attempts wait for their turn, too.
func Example() {
	redisClient := redis.NewClient(&redis.Options{Addr: "localhost:6379", ContextTimeoutEnabled: true})
	defer redisClient.Close()
	queue := slot.NewQueue(slot.WithStore(slotredis.New(redisClient)))
	client := &http.Client{
		Transport: transport.New(nil, transport.WithSlots(queue), transport.WithGatedFirst()),
		Timeout:   30 * time.Second,
	}
	resp, err := client.Get("https://api.example.com/orders/17")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
}

// The simple slots of a ring, dealt out to a fleet.
func ExampleNewCounter() {
	client := redis.NewClient(&redis.Options{Addr: "localhost:6379", ContextTimeoutEnabled: true})
	defer client.Close()
	plan := &slot.Plan{Pacer: &slot.Ring{
		Count: 10, Width: 100 * time.Millisecond,
		Counter: slotredis.NewCounter(client), ServiceID: "order-service-1", CoordinationKey: "retry:orders",
	}}
	fmt.Println(slot.Do(context.Background(), plan, "orders", pay))
}
