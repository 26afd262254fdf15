package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// charges is POST /v1/charges. It knows nothing of keys.
type charges struct {
	ledger   *ledger
	slowBank *gate
}

func (c *charges) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	amount, err := strconv.Atoi(r.PostFormValue("amount"))
	if err != nil || amount <= 0 {
		writeError(w, http.StatusBadRequest, apiError{Type: "invalid_request_error", Message: "The amount is no positive number of cents."})
		return
	}
	switch r.PostFormValue("source") {
	case "tok_visa":
	case "tok_slow":
		c.slowBank.pass()
	default: // kept under the key as a success is: the same request is declined again
		writeError(w, http.StatusPaymentRequired, apiError{Type: "card_error", Code: "card_declined", Message: "The card was declined."})
		return
	}
	payer, _ := account(r) // authenticate has seen to it
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(c.ledger.add(string(payer), amount)) // the client is gone if this fails
}

// receipt is a charge that was made.
type receipt struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Account string `json:"account"`
	Amount  int    `json:"amount"`
	Status  string `json:"status"`
}

// ledger counts what was charged, whatever the clients were told. Here it is in memory;
// examples/exactlyonce has one in the database that has the keys.
type ledger struct {
	mu    sync.Mutex
	lines []receipt
}

func (l *ledger) add(account string, amount int) receipt {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := receipt{fmt.Sprintf("ch_%d", len(l.lines)+1), "charge", account, amount, "succeeded"}
	l.lines = append(l.lines, r)
	return r
}

func (l *ledger) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := make([]string, len(l.lines))
	for i, r := range l.lines {
		lines[i] = fmt.Sprint(r.ID, " ", r.Account, " ", r.Amount)
	}
	return strings.Join(lines, ", ")
}

// gate is a bank that takes its time: entered is closed when the first charge is there, which
// waits until open is.
type gate struct {
	entered, open chan struct{}
	once          sync.Once
}

func newGate() *gate { return &gate{entered: make(chan struct{}), open: make(chan struct{})} }

func (g *gate) pass() {
	g.once.Do(func() { close(g.entered) })
	<-g.open
}
