// Command chi mounts the middleware on one route of a chi router.
//
//	go run ./examples/chi
//	curl -i -u ada:lovelace -H 'Idempotency-Key: "tea-1"' -d tea localhost:8080/orders
//
// Send it twice: the second answer is the first one again, with
// "Idempotency-Replayed: true", and there is one order.
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

func main() {
	s := http.Server{
		Addr:              "localhost:8080",
		Handler:           newRouter(idem.NewMemory()),
		ReadHeaderTimeout: 5 * time.Second,
	}
	log.Printf("listening on %s", s.Addr)
	log.Fatal(s.ListenAndServe())
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
	number := s.orders.Add(1)
	w.Header().Set("Location", fmt.Sprintf("/orders/%d", number))
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, "order %d: %s\n", number, goods)
}

func (s *shop) count(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintf(w, "%d orders\n", s.orders.Load())
}
