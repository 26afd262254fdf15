package slotredis_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/slotredis"
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
