package server_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// Two requests with one key: the order is placed once, and both get the same answer.
func ExampleNew() {
	orders := 0
	createOrder := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		orders++
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, "order %d", orders)
	})

	customer := func(r *http.Request) (idem.Scope, error) {
		user, _, ok := r.BasicAuth()
		if !ok {
			return "", errors.New("not logged in")
		}
		return idem.Scope(user), nil
	}
	once := server.New(idem.NewMemory(), server.WithScope(customer))

	mux := http.NewServeMux()
	mux.Handle("POST /orders", once(createOrder))

	shop := httptest.NewServer(mux)
	defer shop.Close()

	for range 2 {
		req, err := http.NewRequest(http.MethodPost, shop.URL+"/orders", nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		req.SetBasicAuth("ann", "secret")
		req.Header.Set("Idempotency-Key", `"0192e5a0-17"`)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			fmt.Println(err)
			return
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		fmt.Printf("%d %s, replayed %q\n", resp.StatusCode, body, resp.Header.Get("Idempotency-Replayed"))
	}
	// Output:
	// 201 order 1, replayed ""
	// 201 order 1, replayed "true"
}

// A handler that finds out that it did nothing gives the key back.
func ExampleNothingHappened() {
	once := server.New(idem.NewMemory(), server.WithSharedScope())
	stock := 0
	h := once(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if stock == 0 {
			server.NothingHappened(r.Context())
			http.Error(w, "sold out", http.StatusConflict)
			return
		}
		fmt.Fprint(w, "on its way")
	}))
	buy := func() {
		r := httptest.NewRequest(http.MethodPost, "/buy", nil)
		r.Header.Set("Idempotency-Key", "book-17")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Println(w.Code, w.Body)
	}
	buy()
	stock = 1
	buy()
	// Output:
	// 409 sold out
	//
	// 200 on its way
}
