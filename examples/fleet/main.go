// Command fleet lets the clients of several processes take turns at a server, through Redis.
//
//	go run ./examples/fleet
//	go run ./examples/fleet -redis localhost:6379
//
// 200 calls in 10 processes meet a server that is down for a second and then does 100 requests
// in a second. First each caller waits at random, as most clients do; then all stand in one
// line. Without -redis the program starts a Redis of its own, for which redis-server must be
// installed. The figures are of one run; the capacity is 10 requests in 100 ms:
//
//	at random       200 of 200 done, 6.3 requests for each, at most 36 in 100 ms
//	in one line     200 of 200 done, 2.1 requests for each, at most 13 in 100 ms
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/slotredis"
	"github.com/goaroundhq/goaround/transport"
)

const (
	processes = 10
	callers   = 20 // in each
)

func main() {
	addr := flag.String("redis", "", "use the Redis at this `ADDRESS` instead of one of its own")
	flag.Parse()
	if err := run(context.Background(), *addr, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, addr string, out io.Writer) (err error) {
	if addr == "" {
		own, failed := redistest.Open() // which says what to install where there is no redis-server
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, own.Close()) }()
		addr = own.Addr()
	}
	if err := herd(ctx, out, "at random", atRandom); err != nil {
		return err
	}
	return herd(ctx, out, "in one line", func() process { return inOneLine(addr) })
}

// process is what a process has of its own: here there are ten in one program, which share
// nothing but the Redis.
type process struct {
	client *http.Client
	close  func() error
}

func atRandom() process {
	base := &http.Transport{MaxIdleConnsPerHost: callers}
	client := &http.Client{
		Transport: transport.New(base,
			transport.WithMaxAttempts(0), // until the client's Timeout
			transport.WithBudget(nil),    // without this, most callers would give up here
			transport.WithBackoff(slot.FullJitter{Max: 2 * time.Second})),
		Timeout: time.Minute,
	}
	return process{client, func() error { client.CloseIdleConnections(); return nil }}
}

func inOneLine(addr string) process {
	// Contexts bound the questions to Redis: a queue never waits long for it, and when it is
	// gone callers wait at random.
	rdb := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true})
	store := slotredis.New(rdb)
	queue := slot.NewQueue(slot.WithStore(store))
	base := &http.Transport{MaxIdleConnsPerHost: callers}
	client := &http.Client{
		Transport: transport.New(base,
			transport.WithMaxAttempts(0),
			transport.WithSlots(queue),  // attempts in a slot cost nothing of the budget
			transport.WithGatedFirst()), // newcomers stand in line, too, while the server has trouble
		Timeout: time.Minute,
	}
	return process{client, func() error {
		client.CloseIdleConnections()
		return errors.Join(queue.Close(), store.Close(), rdb.Close())
	}}
}

// herd makes all calls at once and prints what the server saw.
func herd(ctx context.Context, out io.Writer, name string, start func() process) (err error) {
	s := startServer()
	defer s.Close()
	var done atomic.Int64
	var wg sync.WaitGroup
	for range processes {
		p := start()
		defer func() { err = errors.Join(err, p.close()) }()
		for range callers {
			wg.Go(func() {
				if get(ctx, p.client, s.URL) == nil {
					done.Add(1)
				}
			})
		}
	}
	wg.Wait()
	requests, most := s.seen()
	fmt.Fprintf(out, "%-15s %d of %d done, %.1f requests for each, at most %d in 100 ms\n",
		name, done.Load(), processes*callers, float64(requests)/(processes*callers), most)
	return ctx.Err()
}

func get(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		return errors.New(resp.Status)
	}
	return nil
}
