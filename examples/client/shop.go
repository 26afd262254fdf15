package main

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// newShop is the other side: a service that runs each key once. It could be anybody's.
func newShop() http.Handler {
	once := server.New(idem.NewMemory(), server.WithSharedScope())
	var orders atomic.Int64
	mux := http.NewServeMux()
	mux.Handle("POST /orders", once(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		goods, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<10))
		if err != nil {
			http.Error(w, "order too long", http.StatusRequestEntityTooLarge)
			return
		}
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, "order %d: %s\n", orders.Add(1), goods)
	})))
	mux.HandleFunc("GET /orders/{number}", func(w http.ResponseWriter, r *http.Request) {
		if n, err := strconv.ParseInt(r.PathValue("number"), 10, 64); err != nil || n < 1 || n > orders.Load() {
			http.Error(w, "no such order", http.StatusNotFound)
			return
		}
		fmt.Fprintln(w, "on its way")
	})
	return mux
}
