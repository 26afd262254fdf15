package server_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemcache"
	"github.com/goaroundhq/goaround/server"
)

// orders is a handler of the usual kind: it reads its body and answers with a few
// header fields and a short document.
func orders(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Location", "/orders/17")
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(receipt)
}

var receipt = []byte(`{"id":17,"status":"accepted"}` + "\n")

// sink is a response writer that costs as little as one can.
type sink struct {
	header http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }

// body can be sent again without an allocation.
type body struct{ strings.Reader }

func (*body) Close() error { return nil }

const order = `{"item":"book","quantity":1,"customer":"c-1042"}`

// requests returns a function that serves one POST with the given key, reusing what
// a benchmark should not count.
func requests(b testing.TB, h http.Handler) func(key string) int {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "http://shop.example/orders", nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.ContentLength = int64(len(order))
	r.RequestURI = "/orders" // as a server reads it
	rd, w, key := new(body), &sink{header: make(http.Header)}, make([]string, 1)
	r.Body = rd
	return func(k string) int {
		key[0] = k
		r.Header[idem.Header] = key
		rd.Reset(order)
		clear(w.header)
		h.ServeHTTP(w, r)
		return w.status
	}
}

// forget empties the store while the clock is stopped.
func forget(b *testing.B, store *idem.Memory) {
	b.Helper()
	b.StopTimer()
	defer b.StartTimer()
	for info, err := range store.Scan(b.Context()) {
		if err := errors.Join(err, store.Purge(b.Context(), info.ID)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkServer(b *testing.B) {
	// The keys are made beforehand: making them is the client's work.
	keys := make([]string, 1<<17)
	for i := range keys {
		keys[i] = `"` + idem.NewKey() + `"`
	}
	b.Run("bare", func(b *testing.B) {
		serve := requests(b, http.HandlerFunc(orders))
		b.ReportAllocs()
		for b.Loop() {
			serve(keys[0])
		}
	})
	b.Run("ignored", func(b *testing.B) {
		serve := requests(b, server.New(idem.NewMemory(), server.WithSharedScope(), server.WithMethods())(http.HandlerFunc(orders)))
		b.ReportAllocs()
		for b.Loop() {
			serve(keys[0])
		}
	})
	first := func(b *testing.B, store *idem.Memory, between func()) {
		b.Helper()
		executed := 0
		h := server.New(store, server.WithSharedScope(), server.WithGuard(idem.WithTTL(50*time.Millisecond)))(
			http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				executed++
				orders(w, r)
			}))
		serve := requests(b, h)
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			if serve(keys[i%len(keys)]) != http.StatusCreated {
				b.Fatal("not served")
			}
			if i++; i%128 == 0 {
				between()
			}
		}
		if executed != i {
			b.Fatalf("%d of %d executed", executed, i)
		}
	}
	// With few records at a time, what is measured is the work and not the memory of the
	// machine.
	b.Run("first", func(b *testing.B) {
		store := idem.NewMemory()
		first(b, store, func() { forget(b, store) })
	})
	// Records live for 50 ms, so the store soon is in a steady state in which as many expire
	// as arrive, about 100,000 at a time, and nearly every one is cold.
	b.Run("first, many records", func(b *testing.B) {
		first(b, idem.NewMemory(idem.WithMaxBytes(1<<30)), func() {})
	})
	replay := func(store idem.Store) func(*testing.B) {
		return func(b *testing.B) {
			serve := requests(b, server.New(store, server.WithSharedScope())(http.HandlerFunc(orders)))
			serve(keys[0])
			b.ReportAllocs()
			for b.Loop() {
				if serve(keys[0]) != http.StatusCreated {
					b.Fatal("not replayed")
				}
			}
		}
	}
	b.Run("replay", replay(idem.NewMemory()))
	// The store behind the cache can be any: it is asked once.
	b.Run("replay from the cache", replay(idemcache.New(idem.NewMemory())))
}
