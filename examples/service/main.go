// Command service is a server to begin with: an http.Handler of net/http whose POST runs
// once for each key.
//
//	go run ./examples/service
//	go run ./examples/service -redis localhost:6379
//	go run ./examples/service -addr localhost:8080
//	curl -i -u ada:lovelace -H 'Idempotency-Key: "tea-1"' -d tea localhost:8080/orders
//
// It sends itself some requests and prints what each customer gets: the first answer, the
// same one again, and what the middleware says of itself. With -addr it serves until it is
// interrupted. With -redis several of its processes know each other's keys, and keys outlive
// them, as must be in production: run it twice. The shop has taken three orders in the end:
//
//	ada    "monday"   tea       201 order 1: tea
//	ada    "monday"   tea       201 order 1: tea (replayed)
//	grace  "monday"   cake      201 order 2: cake
//	ada    "monday"   coffee    422 key-reused
//	ada    no key     tea       400 key-missing
//	ada    "tuesday"  tea       201 order 3: tea
//	nobody "tuesday"  tea       401
package main

import (
	"context"
	"crypto/subtle"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

func main() {
	addr := flag.String("addr", "", "serve at this `ADDRESS` until interrupted, instead of printing")
	redisAddr := flag.String("redis", "", "keep the keys in the Redis at this `ADDRESS`, instead of in memory")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *addr, *redisAddr, os.Stdout)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, addr, redisAddr string, out io.Writer) error {
	store, closeStore, err := openStore(ctx, redisAddr)
	if err != nil {
		return err
	}
	defer closeStore()
	handler := newHandler(store)
	if addr == "" {
		return show(ctx, out, handler)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "listening on %s\n", listener.Addr())
	return serve(ctx, listener, handler)
}

// newHandler puts the middleware around the route that has an effect, and authentication
// around the middleware, which must know whose key it is.
func newHandler(store idem.Store) http.Handler {
	var shop shop
	once := server.New(store,
		server.WithScope(customer),
		server.WithRequired()) // without it, requests that have no key pass unguarded
	mux := http.NewServeMux()
	mux.Handle("POST /orders", authenticate(once(http.HandlerFunc(shop.order))))
	return mux
}

// customer says whose key a request carries: two customers may choose the same one.
func customer(r *http.Request) (idem.Scope, error) {
	name, _, ok := r.BasicAuth()
	if !ok {
		return "", errors.New("request without a customer")
	}
	return idem.Scope(name), nil
}

// shop takes orders and knows nothing of keys.
type shop struct{ orders atomic.Int64 }

func (s *shop) order(w http.ResponseWriter, r *http.Request) {
	goods, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<10))
	if err != nil {
		http.Error(w, "order too long", http.StatusRequestEntityTooLarge)
		return
	}
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, "order %d: %s\n", s.orders.Add(1), goods)
}

// authenticate is whatever you have: it refuses whom it does not know.
func authenticate(next http.Handler) http.Handler {
	passwords := map[string]string{"ada": "lovelace", "grace": "hopper"}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, password, _ := r.BasicAuth()
		want, known := passwords[name]
		if !known || subtle.ConstantTimeCompare([]byte(password), []byte(want)) != 1 {
			w.Header().Set("WWW-Authenticate", `Basic realm="shop"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// serve ends when ctx does. Requests that run then have five seconds to end.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	// A body that never comes must not keep its key in progress.
	s := http.Server{Handler: handler, ReadTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return s.Shutdown(ctx)
}
