package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// Five requests are let in at once and one in two seconds from then on. Two more get the
// time at which it is their turn, each another one.
func ExampleAdmission() {
	admit := server.Admission(server.AdmitRate(0.5, 5))
	h := admit(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "welcome")
	}))
	for range 7 {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		switch w.Code {
		case http.StatusOK:
			fmt.Println(w.Body)
		default:
			_, ticket, _ := strings.Cut(w.Header().Get(server.SlotHeader), ";")
			fmt.Printf("%d, come back in %s s with %d characters of ticket\n", w.Code, w.Header().Get("Retry-After"), len(ticket))
		}
	}
	// Output:
	// welcome
	// welcome
	// welcome
	// welcome
	// welcome
	// 503, come back in 2 s with 26 characters of ticket
	// 503, come back in 4 s with 26 characters of ticket
}

// Admission stands outside of idempotency: a request that is refused claims no key. Who is
// calling is found out before both.
func ExampleAdmission_idempotency() {
	authenticate := func(next http.Handler) http.Handler { return next } // your own
	customer := func(*http.Request) (idem.Scope, error) { return "ann", nil }
	createOrder := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
	})

	admit := server.Admission(server.AdmitConcurrency(64))
	once := server.New(idem.NewMemory(), server.WithScope(customer))

	// In chi: r.With(authenticate, admit, once).Post("/orders", createOrder)
	mux := http.NewServeMux()
	mux.Handle("POST /orders", authenticate(admit(once(createOrder))))

	r := httptest.NewRequest(http.MethodPost, "/orders", nil)
	r.Header.Set(idem.Header, `"order-17"`)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Println(w.Code)
	// Output: 201
}
