package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// A repetition that comes while the first request still runs waits for its end, here for up to
// ten seconds, instead of being told 409 in-progress.
func ExampleWithGuard() {
	running, finish := make(chan struct{}), make(chan struct{})
	once := server.New(idem.NewMemory(), server.WithSharedScope(),
		server.WithGuard(idem.WithWait(10*time.Second), idem.WithTTL(7*24*time.Hour)))
	orders := once(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(running)
		<-finish
		w.WriteHeader(http.StatusCreated)
	}))
	send := func() string {
		req := httptest.NewRequest(http.MethodPost, "/orders", http.NoBody)
		req.Header.Set(idem.Header, "order-17")
		w := httptest.NewRecorder()
		orders.ServeHTTP(w, req)
		return fmt.Sprint(w.Code, " ", w.Header().Get(idem.ReplayedHeader))
	}
	first, second := make(chan string), make(chan string)
	go func() { first <- send() }()
	<-running
	go func() { second <- send() }()
	close(finish)
	fmt.Printf("%q %q\n", <-first, <-second)
	// Output: "201 " "201 true"
}

// Records live for a day here. A key that is older names an operation which may be forgotten, so
// it is refused instead of being run again.
func ExampleWithExpiringKeys() {
	once := server.New(idem.NewMemory(), server.WithSharedScope(), server.WithExpiringKeys(nil))
	orders := once(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
	}))
	for _, key := range []string{idem.NewKey(), "0192e5a0-0000-7000-8000-000000000017"} { // of now, and of 2024
		req := httptest.NewRequest(http.MethodPost, "/orders", http.NoBody)
		req.Header.Set(idem.Header, key)
		w := httptest.NewRecorder()
		orders.ServeHTTP(w, req)
		fmt.Printf("%d %q\n", w.Code, w.Header().Get(idem.StatusHeader))
	}
	// Output:
	// 201 ""
	// 400 "key-expired"
}
