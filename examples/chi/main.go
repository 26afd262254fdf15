// Command chi mounts the middleware on one route of a chi router.
//
//	go run ./examples/chi
//	curl -i -u ada:lovelace -H 'Idempotency-Key: "tea-1"' -d tea localhost:8080/orders
//
// Send it twice: the second answer is the first one again, with
// "Idempotency-Replayed: true", and there is one order.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

func main() {
	s := http.Server{
		Addr:        "localhost:8080",
		Handler:     newRouter(idem.NewMemory()), // with more than one process or a restart: idemredis or idemsql
		ReadTimeout: 10 * time.Second,            // a body that never comes must not keep its key in progress
		IdleTimeout: time.Minute,
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ended := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		stop()                                    // a second interrupt ends the process at once
		ended <- s.Shutdown(context.Background()) // orders that run now end first
	})
	log.Printf("listening on %s", s.Addr)
	err := s.ListenAndServe()
	if errors.Is(err, http.ErrServerClosed) {
		err = <-ended
	}
	if err != nil {
		log.Fatal(err)
	}
}

// newRouter puts authentication around the middleware, and the middleware around the
// one route that has an effect.
func newRouter(store idem.Store) http.Handler {
	var shop shop
	once := server.New(store, server.WithScope(customer), server.WithRequired())
	r := chi.NewRouter()
	r.Use(middleware.BasicAuth("shop", map[string]string{"ada": "lovelace", "grace": "hopper"}))
	r.Get("/orders", shop.count)
	r.With(once).Post("/orders", shop.order)
	return r
}

// customer says whose key a request carries: two customers may choose the same one.
// BasicAuth stands outside, so the name is verified by now.
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

func (s *shop) count(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintf(w, "%d orders\n", s.orders.Load())
}
