// Command exactlyonce moves money, each transfer exactly once, whatever breaks.
//
//	go run ./examples/exactlyonce
//	curl -i -u ada:lovelace -H 'Idempotency-Key: "rent"' -d 'to=grace&cents=500' localhost:8080/transfers
//	curl -u ada:lovelace localhost:8080/accounts
//
// Send the transfer twice: the second answer is the first one again, with
// "Idempotency-Replayed: true", and the money has moved once. Then let the server die at
// the worst moment, with -crash before-commit or -crash after-commit, and send another
// transfer: there is no answer. Start the server again without -crash, repeat that
// transfer, and look at the accounts.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5/middleware"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

func main() {
	file := flag.String("db", filepath.Join(os.TempDir(), "bank.db"), "keep everything in the SQLite file `PATH`")
	moment := flag.String("crash", "", "die at a `MOMENT` of the next transfer: before-commit or after-commit")
	flag.Parse()
	bank, err := open(context.Background(), *file)
	if err != nil {
		log.Fatal(err)
	}
	handler, err := crashing(*moment, bank)
	if err != nil {
		log.Fatal(err)
	}
	s := http.Server{Addr: "localhost:8080", Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	log.Printf("listening on %s, keeping everything in %s", s.Addr, *file)
	log.Fatal(s.ListenAndServe())
}

// newHandler guards the one route that has an effect. The store is in the database that
// the effect is in: that is what makes it exactly once.
func newHandler(b *bank) http.Handler {
	once := server.New(b.store, server.WithScope(customer), server.WithTransactions(nil),
		// What a crash has left behind can be run again when its lease is over; a
		// repetition that comes earlier waits for that.
		server.WithGuard(idem.WithLease(2*time.Second), idem.WithWait(5*time.Second)))
	mux := http.NewServeMux()
	mux.Handle("POST /transfers", once(http.HandlerFunc(transfer)))
	mux.HandleFunc("GET /accounts", b.accounts)
	return middleware.BasicAuth("bank", map[string]string{"ada": "lovelace", "grace": "hopper"})(mux)
}

// customer says whose key a request carries; BasicAuth stands outside and has verified it.
func customer(r *http.Request) (idem.Scope, error) {
	name, _, _ := r.BasicAuth()
	return idem.Scope(name), nil
}

// transfer moves money from the customer's account to another one.
func transfer(w http.ResponseWriter, r *http.Request) {
	from, _, _ := r.BasicAuth()
	to := r.PostFormValue("to")
	cents, _ := strconv.Atoi(r.PostFormValue("cents")) // 0, which is refused, when it is no number
	// The transaction is the middleware's to end: it commits when the response is below
	// 400 and rolls back when it is not. So there is no Commit here and no Rollback, and
	// no deferred one either: that would leave unknown what happened.
	tx, err := server.Tx(r.Context())
	if err != nil {
		http.Error(w, "no database", http.StatusInternalServerError)
		return
	}
	err = move(r.Context(), tx, from, to, cents)
	switch {
	case errors.Is(err, errRefused): // undone; repetitions get the same answer
		http.Error(w, err.Error(), http.StatusBadRequest)
	case err != nil: // undone, and a repetition runs it again
		http.Error(w, "transfer failed", http.StatusInternalServerError)
	default: // committed with this response, before it is sent
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, "%s paid %s %d cents\n", from, to, cents)
	}
}
