package main

import (
	"errors"
	"fmt"
	"io"
)

var (
	// errRefused: the service could not be reached, and has done nothing.
	errRefused = errors.New("connection refused")
	// errTimeout: nobody knows what the service has done.
	errTimeout = errors.New("no answer")
)

// payments is another service, which keeps its receipts under the keys of its callers. It
// fails twice: its answer to one message is lost, and for another one it is down.
type payments struct {
	out      io.Writer
	loses    string
	down     string
	receipts map[string]receipt // by key
}

type receipt struct {
	number string
	of     message
}

func newPayments(out io.Writer, loses, down string) *payments {
	return &payments{out: out, loses: loses, down: down, receipts: make(map[string]receipt)}
}

// charge charges once for a key.
func (p *payments) charge(key string, m message) (string, error) {
	if m.ID == p.down {
		p.down = ""
		return "", errRefused
	}
	r, again := p.receipts[key]
	if !again {
		r = receipt{fmt.Sprintf("receipt-%d", len(p.receipts)+1), m}
		p.receipts[key] = r
		fmt.Fprintf(p.out, "  %s pays %d cents: %s\n", m.Customer, m.Cents, r.number)
	}
	if m.ID == p.loses {
		p.loses = ""
		return "", errTimeout
	}
	return r.number, nil
}

// find returns the receipt for a message.
func (p *payments) find(m message) (number string, found bool) {
	for _, r := range p.receipts {
		if r.of == m {
			fmt.Fprintf(p.out, "  the payment service is asked, and has %s\n", r.number)
			return r.number, true
		}
	}
	fmt.Fprintf(p.out, "  the payment service is asked, and knows nothing of it\n")
	return "", false
}
