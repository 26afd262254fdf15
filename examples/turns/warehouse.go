package main

import (
	"errors"
	"fmt"
	"io"
	"sync"
)

var (
	errBusy  = errors.New("the warehouse is busy")
	errShort = errors.New("not enough stock")
)

// warehouse stands in for a service that is not HTTP.
type warehouse struct {
	mu    sync.Mutex
	out   io.Writer
	busy  int // calls that it still turns away
	stock int
}

func (w *warehouse) take(order string, pieces int) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy > 0 {
		w.busy--
		fmt.Fprintf(w.out, "%s: busy\n", order)
		return "", errBusy
	}
	if pieces > w.stock {
		return "", errShort
	}
	w.stock -= pieces
	fmt.Fprintf(w.out, "%s: %d pieces taken\n", order, pieces)
	return "ticket-" + order, nil
}
