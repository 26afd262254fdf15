package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"runtime/metrics"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemredis"
	"github.com/goaroundhq/goaround/server"
)

// maxBytes bounds the memory store. Records that live for two seconds do not reach it before
// 50,000 first runs a second.
const maxBytes = 128 << 20

// serverTask is what the server is told.
type serverTask struct {
	Redis string        // address; "" is the memory store
	TTL   time.Duration // of records
	Fill  fill
	Leak  leaks
}

// fill is the start of a run, in which the store holds more than it ever will again. Its maps
// keep the room of the most that they held, as maps of Go do: without this they would grow
// whenever the rate is higher than before, and that is no leak.
type fill struct {
	For time.Duration
	TTL time.Duration // of records made in it
}

// serve says its address, and a sample whenever it is asked. It ends when nobody can ask any
// more.
func serve(in *json.Decoder, out *json.Encoder) error {
	var task serverTask
	if err := in.Decode(&task); err != nil {
		return err
	}
	s := &service{}
	store := s.open(task)
	web := &http.Server{Handler: handler(store, task), ReadHeaderTimeout: time.Minute, ConnState: s.count}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { _ = web.Serve(listener) }() // until it is closed
	defer func() { _ = web.Close() }()
	if err := out.Encode("http://" + listener.Addr().String() + "/orders"); err != nil {
		return err
	}
	for {
		var please bool
		switch err := in.Decode(&please); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := out.Encode(s.sample()); err != nil {
			return err
		}
	}
}

// handler is what runs in applications: the middleware, and below it what it guards.
func handler(store idem.Store, task serverTask) http.Handler {
	var orders http.Handler = http.HandlerFunc(order)
	if task.Leak.Bytes > 0 || task.Leak.Goroutines > 0 {
		orders = &leak{next: orders, leaks: task.Leak}
	}
	once := func(ttl time.Duration) http.Handler {
		return server.New(store, server.WithSharedScope(), server.WithGuard(idem.WithTTL(ttl)))(orders)
	}
	filling, judged, begun := once(task.Fill.TTL), once(task.TTL), time.Now()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if time.Since(begun) < task.Fill.For {
			filling.ServeHTTP(w, r)
		} else {
			judged.ServeHTTP(w, r)
		}
	})
}

// service is what samples are taken of.
type service struct {
	memory      *idem.Memory // nil with another store
	connections atomic.Int64
}

func (s *service) open(task serverTask) idem.Store {
	if task.Redis != "" {
		return idemredis.New(redis.NewClient(&redis.Options{Addr: task.Redis}))
	}
	s.memory = idem.NewMemory(idem.WithMaxBytes(maxBytes))
	return s.memory
}

func (s *service) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.connections.Add(1)
	case http.StateClosed, http.StateHijacked:
		s.connections.Add(-1)
	}
}

// sample is the server at one time.
type sample struct {
	Seconds     float64 `json:"seconds"` // since the load began
	Done        int64   `json:"done"`    // requests, so far
	Live        uint64  `json:"live"`    // bytes of the heap after a collection
	Memory      uint64  `json:"memory"`  // bytes that the process has of the system
	Store       int64   `json:"store"`   // bytes, by the memory store's own count
	Goroutines  uint64  `json:"goroutines"`
	Connections int64   `json:"connections"`
}

func (s *service) sample() sample {
	runtime.GC() // or it would be what was live at the last one
	read := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"}, {Name: "/sched/goroutines:goroutines"},
		{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"},
	}
	metrics.Read(read)
	now := sample{
		Live: read[0].Value.Uint64(), Goroutines: read[1].Value.Uint64(),
		Memory: read[2].Value.Uint64() - read[3].Value.Uint64(), Connections: s.connections.Load(),
	}
	if s.memory != nil {
		now.Store = s.memory.Bytes()
	}
	return now
}

// answer is what an order gets.
const answer = `{"id":17,"item":"book","quantity":1,"state":"created","note":"as small as answers of APIs are"}`

// order reads all of its request and does nothing, so that what is measured is not it.
func order(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Location", "/orders/17")
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, answer)
}
