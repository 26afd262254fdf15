package server_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// How requests were answered is told to an observer; package otel makes metrics of it, and package
// eventlog a log.
func ExampleWithObserver() {
	once := server.New(idem.NewMemory(), server.WithSharedScope(), server.WithRequired(),
		server.WithObserver(server.Observer{
			Answered: func(_ context.Context, a server.Answer) { fmt.Println(a.Outcome, a.Status) },
		}))
	orders := once(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) }))
	for _, key := range []string{"order-17", "order-17", ""} {
		r := httptest.NewRequest(http.MethodPost, "/orders", nil)
		if key != "" {
			r.Header.Set(idem.Header, key)
		}
		orders.ServeHTTP(httptest.NewRecorder(), r)
	}
	// Output:
	// executed 201
	// replayed 201
	// key-missing 400
}

// Two requests may be inside at a time, and nobody waits: the third is refused, and told when to
// come back.
func ExampleWithAdmissionObserver() {
	inside, leave := make(chan struct{}), make(chan struct{})
	admit := server.Admission(server.AdmitConcurrency(2), server.WithWaitingRoom(0, 0),
		server.WithAdmissionObserver(server.AdmissionObserver{
			Decided: func(_ context.Context, e server.Entry) {
				if e.Verdict == server.Refused {
					fmt.Println(e.Verdict, "with a seat:", e.Kept)
				}
			},
		}))
	h := admit(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		inside <- struct{}{}
		<-leave
	}))
	get := func() int {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		return w.Code
	}
	served := make(chan int)
	for range 2 {
		go func() { served <- get() }()
		<-inside
	}
	fmt.Println(get())
	close(leave)
	fmt.Println(<-served, <-served)
	// Output:
	// refused with a seat: true
	// 503
	// 200 200
}
