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
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
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
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "localhost:8080")
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("listening on %s, keeping everything in %s", listener.Addr(), *file)
	err = errors.Join(serve(ctx, listener, handler), bank.db.Close())
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

// serve ends when ctx does. Transfers that run then have ten seconds to end.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	// A body that never comes must not keep its key in progress.
	s := http.Server{Handler: handler, ReadTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return s.Shutdown(ctx)
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
	return middleware.BasicAuth("bank", passwords)(mux)
}

var passwords = map[string]string{"ada": "lovelace", "grace": "hopper"}

// customer says whose key a request carries; BasicAuth stands outside and has verified it.
func customer(r *http.Request) (idem.Scope, error) {
	name, _, ok := r.BasicAuth()
	if !ok {
		return "", errors.New("request without a customer")
	}
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
