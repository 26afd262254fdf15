package server_test

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemsql"
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
		user, _, ok := r.BasicAuth() // checked by the authentication outside
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

// The transfer and its response are committed together.
func ExampleWithTransactions() {
	db, err := sql.Open("pgx", "postgres://localhost/bank") // import _ "github.com/jackc/pgx/v5/stdlib"
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	store := idemsql.New(db, idemsql.PostgreSQL)
	customer := func(r *http.Request) (idem.Scope, error) { return idem.Scope(r.Header.Get("Customer")), nil }

	transfer := func(w http.ResponseWriter, r *http.Request) {
		tx, err := server.Tx(r.Context()) // not for the handler to commit or roll back
		if err == nil {
			_, err = tx.ExecContext(r.Context(), "UPDATE accounts SET balance = balance - 5 WHERE owner = $1", "ann")
		}
		if err != nil {
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusCreated)
	}
	once := server.New(store, server.WithScope(customer), server.WithTransactions(nil))

	http.Handle("POST /transfers", once(http.HandlerFunc(transfer)))
}

// A payment service behind the handler knows what became of a charge.
func ExampleWithRecover() {
	charges := map[string]string{"key-17": "charge 17"} // what the service knows
	lookUp := func(_ *http.Request, key string) (idem.Resolution, error) {
		charge, ok := charges[key]
		if !ok {
			return idem.Resolution{State: idem.Absent}, nil // it did not happen, and will not: run it
		}
		record, err := server.EncodeResponse(http.StatusCreated, nil, []byte(charge))
		return idem.Resolution{State: idem.Done, Record: record}, err
	}
	once := server.New(idem.NewMemory(), server.WithSharedScope(), server.WithRecover(lookUp))
	h := once(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		server.OutcomeUnknown(r.Context()) // the service has the charge, but its answer was lost
		w.WriteHeader(http.StatusGatewayTimeout)
	}))
	for range 2 {
		r := httptest.NewRequest(http.MethodPost, "/charges", nil)
		r.Header.Set("Idempotency-Key", "key-17")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Printf("%d %q\n", w.Code, w.Body)
	}
	// Output:
	// 504 ""
	// 201 "charge 17"
}
