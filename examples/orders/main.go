// Command orders shows goaround at work on a bad day: an order service, a fleet of
// clients, and a network between them that breaks.
//
//	go run ./examples/orders          # with the middleware: every order runs once
//	go run ./examples/orders -naive   # without it: the same run, with duplicates
//
// The service is a real net/http server on loopback. POST /orders has an effect that
// can be counted afterwards: each execution appends one line to a ledger file. Then
// it answers 201 with a receipt. The clients are http.Clients with the transport of
// this project, so a call keeps its Idempotency-Key while it is tried again. All clients
// share a slot.Queue: retries come in turns, and during the outage hardly any come.
//
// Between the two sits a fault layer. By a seeded random source it loses responses
// after the order ran, cuts connections while it runs, resets others before it runs,
// and is slow. After a third of the calls the service is down for a while: whoever
// comes then is reset.
//
// A progress bar (plain lines when standard error is not a terminal) shows calls and
// attempts; when the outage begins you see the bar stop and the attempts go on. The
// table at the end is counted, not computed: effects are the lines of the ledger,
// read back from the file.
//
//	attempts              made by the clients, as their observers counted them
//	requests              that reached the service's side: net/http itself repeats
//	                      some attempts on a fresh connection
//	effects               lines in the ledger
//	duplicates prevented  requests that would have run an order again and were given
//	                      the stored response (replayed), or were told that it still
//	                      runs (in progress), as the server's observer counted them
//	duplicate effects     lines in the ledger beyond one for each order
//	lost                  orders acknowledged with 201 that are not in the ledger
//
// To count for yourself, keep the ledger; this prints nothing when no order ran twice:
//
//	go run ./examples/orders -ledger orders.txt
//	cut -d' ' -f1 orders.txt | sort | uniq -d
//
// With -readme README.md both runs are made, and their figures written into the table of that
// page.
//
// With -metrics :9464 a Prometheus can read, while it runs, what package otel measures of
// service, clients, their turns and their clock:
//
//	curl -s localhost:9464/metrics | grep -E '^(retry|idempotency|slot|skew)_'
//
// The exit status is 0 when every call ended well and every order ran exactly once,
// 1 when not (with -naive duplicates are expected, and it is 0), 2 when the flags make
// no sense, and 130 after Ctrl-C, which ends the run with what it has.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit statuses.
const (
	exitKept        = 0
	exitBroken      = 1
	exitUsage       = 2
	exitInterrupted = 130 // as the shell reports a program that SIGINT ended
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait
	os.Exit(command(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// command is main without the process around it. It returns the exit status.
func command(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitKept
	case err != nil:
		return exitUsage
	case c.readme != "":
		status, err := writeReadme(ctx, c, stderr)
		if err != nil {
			fmt.Fprintln(stderr, "orders:", err)
		}
		return status
	}
	r, err := run(ctx, c, newProgress(stderr, c.calls))
	if err != nil {
		fmt.Fprintln(stderr, "orders:", err)
		return exitBroken
	}
	write := r.writeTable
	if c.json {
		write = r.writeJSON
	}
	if err := write(stdout); err != nil {
		fmt.Fprintln(stderr, "orders:", err)
		return exitBroken
	}
	return r.exitStatus()
}
