// Command payments is a payment API in the manner of Stripe: forms in, JSON out, an API key
// that says who is calling, and an Idempotency-Key that makes a charge safe to repeat.
//
//	go run ./examples/payments
//
// It charges some cards and prints the answers. A repetition is told what was told before,
// also when the card was declined; the same key of another account is another charge; a key
// that comes with another amount is a mistake; and of two at a time one is told to wait. The
// middleware says so in problem documents; errors.go turns these into errors as Stripe's
// clients know them. In the end the ledger has a line for each charge, and for no other:
//
//	ada    order-1  500 tok_visa      200 ch_1 succeeded
//	ada    order-1  500 tok_visa      200 ch_1 succeeded, replayed
//	grace  order-1  700 tok_visa      200 ch_2 succeeded
//	ada    order-1  900 tok_visa      400 idempotency_error
//	ada    order-2  300 tok_declined  402 card_error card_declined
//	ada    order-2  300 tok_declined  402 card_error card_declined, replayed
//	ada    order-3  100 tok_slow      409 idempotency_error idempotency_key_in_use
//	ada    order-3  100 tok_slow      200 ch_3 succeeded, replayed
//	nobody order-4  100 tok_visa      401 invalid_request_error
//	ledger: ch_1 acct_ada 500, ch_2 acct_grace 700, ch_3 acct_ada 100
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// newHandler is the API: who is calling, the errors, the keys, and the charges, from the
// outside in.
func newHandler(l *ledger, slowBank *gate) http.Handler {
	// A charge without a key runs each time that it is sent, as Stripe's do; server.WithRequired
	// would refuse it. In production, with more than one process or a restart: idemredis or idemsql.
	once := server.New(idem.NewMemory(), server.WithScope(account))
	mux := http.NewServeMux()
	mux.Handle("POST /v1/charges", inStripesWords(authenticate(once(&charges{l, slowBank}))))
	return mux
}

func run(ctx context.Context, out io.Writer) error {
	var l ledger
	slowBank := newGate()
	s := httptest.NewServer(newHandler(&l, slowBank))
	defer s.Close()
	c := &client{http: s.Client(), url: s.URL + "/v1/charges", out: out}

	for _, q := range []charge{
		{"ada", "order-1", 500, "tok_visa"},
		{"ada", "order-1", 500, "tok_visa"}, // she has not seen the answer
		{"grace", "order-1", 700, "tok_visa"},
		{"ada", "order-1", 900, "tok_visa"},
		{"ada", "order-2", 300, "tok_declined"},
		{"ada", "order-2", 300, "tok_declined"}, // a new attempt with another card needs a new key
	} {
		if err := c.charge(ctx, q); err != nil {
			return err
		}
	}

	// One request is at the bank while its repetition comes.
	slow := charge{"ada", "order-3", 100, "tok_slow"}
	first := make(chan error, 1)
	waiting := &client{http: s.Client(), url: c.url, out: io.Discard}
	go func() { first <- waiting.charge(ctx, slow) }()
	select {
	case <-slowBank.entered:
	case err := <-first:
		return fmt.Errorf("the bank was not asked: %w", err)
	}
	err := c.charge(ctx, slow)
	close(slowBank.open)
	if failed := <-first; err == nil {
		err = failed
	}
	if err != nil {
		return err
	}

	for _, q := range []charge{slow, {"nobody", "order-4", 100, "tok_visa"}} {
		if err := c.charge(ctx, q); err != nil {
			return err
		}
	}
	fmt.Fprintln(out, "ledger:", &l)
	return nil
}
