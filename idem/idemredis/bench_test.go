package idemredis_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
)

const benchCallers = 32

// BenchmarkFirstRun holds the store against a loop by hand that sends the same two scripts
// with the same arguments, through the same client. Both take turns, so that a busy machine
// is unfair to neither; "of-hand" is the store's share of the throughput of the loop.
func BenchmarkFirstRun(b *testing.B) {
	server := redistest.Start(b)
	record := make([]byte, 300)
	claim, complete := handScripts(b)
	for name, client := range clients(b, server) {
		hand := func(ctx context.Context, id idem.ID) error {
			key, owner := []string{"hand:{" + id.String() + "}"}, idem.NewOwner()
			if err := claim.Run(ctx, client, key, owner[:], 60_000_000, 60_000_000, 0, "").Err(); err != nil {
				return err
			}
			return complete.Run(ctx, client, key, owner[:], 60_000_000, "\x00\x00\x00\x00\x00\x00\x00\x01", 1, "", record).Err()
		}
		store := open(b, client)
		ours := func(ctx context.Context, id idem.ID) error { return firstRun(ctx, store, id, record) }
		b.Run(name, func(b *testing.B) { compare(b, hand, ours) })
		b.Run(name+" with a deadline", func(b *testing.B) {
			compare(b, hand, func(ctx context.Context, id idem.ID) error {
				ctx, cancel := context.WithTimeout(ctx, time.Minute)
				defer cancel()
				return ours(ctx, id)
			})
		})
	}
}

// compare runs b.N steps of each, in turns of many callers.
func compare(b *testing.B, hand, ours func(context.Context, idem.ID) error) {
	const steps = 20 // of each caller in its turn
	var n atomic.Uint64
	n.Store(uint64(time.Now().UnixNano()))
	turn := func(step func(context.Context, idem.ID) error) time.Duration {
		start := time.Now()
		var wg sync.WaitGroup
		for range benchCallers {
			wg.Go(func() {
				for range steps {
					if err := step(context.Background(), benchID(n.Add(1))); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		return time.Since(start)
	}
	turn(hand)
	turn(ours)
	var handTime, ourTime time.Duration
	b.ResetTimer()
	for done := 0; done < b.N; done += benchCallers * steps {
		handTime += turn(hand)
		ourTime += turn(ours)
	}
	b.ReportMetric(float64(handTime)/float64(ourTime), "of-hand")
	b.ReportMetric(0, "ns/op") // of both together
}

// BenchmarkFirstRunAllocs counts what one first run allocates, go-redis included.
func BenchmarkFirstRunAllocs(b *testing.B) {
	store := open(b, redistest.Start(b).Client())
	record := make([]byte, 300)
	b.ReportAllocs()
	for b.Loop() {
		if err := firstRun(context.Background(), store, newID(), record); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReplay(b *testing.B) {
	store := open(b, redistest.Start(b).Client())
	record := make([]byte, 300)
	if err := firstRun(b.Context(), store, benchID(0), record); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := store.Claim(context.Background(), request(benchID(0))); err != nil {
			b.Fatal(err)
		}
	}
}

func clients(b *testing.B, server *redistest.Server) map[string]redis.UniversalClient {
	pipelining, err := server.Client().AutoPipeline()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = pipelining.Close() })
	options := server.Options()
	options.ContextTimeoutEnabled = true
	deadlines := redis.NewClient(options)
	b.Cleanup(func() { _ = deadlines.Close() })
	return map[string]redis.UniversalClient{"pool": server.Client(), "autopipeline": pipelining, "deadlines": deadlines}
}

func firstRun(ctx context.Context, store idem.Store, id idem.ID, record []byte) error {
	r, err := store.Claim(ctx, request(id))
	if err != nil {
		return err
	}
	return store.Complete(ctx, r.Claim, nil, record, time.Minute)
}

func benchID(n uint64) idem.ID {
	return sha256.Sum256(binary.BigEndian.AppendUint64(nil, n))
}

func handScripts(b *testing.B) (claim, complete *redis.Script) {
	read := func(name string) string {
		text, err := os.ReadFile("scripts/" + name + ".lua")
		if err != nil {
			b.Fatal(err)
		}
		return string(text)
	}
	record := fmt.Sprintf("local ROOM = %d\n", idem.MinRecord) + read("record")
	return redis.NewScript(record + read("claim")), redis.NewScript(record + read("complete"))
}
