// Command faults breaks everything that goaround stands on, and counts whether what it
// promises holds.
//
//	go run ./faults                                                # at most once, Redis, all faults
//	go run ./faults -store sql -guarantee exactly-once -calls 100000 -seed 7
//	go run ./faults -store sentinel -nemesis failover              # what a failover loses
//	go run ./faults -naive                                         # without the middleware
//
// Everything is real and on this machine: server processes with the middleware over a store
// of their own processes (Redis, a Sentinel setup, a Cluster, PostgreSQL), client processes
// with the whole transport chain, whose callers take turns by another Redis, and a relay on
// every link between any two of them. While the calls go on, a nemesis strikes again and
// again: kills, stops, cuts, slows, loses answers, restarts and fills stores. What it does
// and when follows from -seed; what comes of it does not, because processes run as they like.
//
// Wrong clocks of clients need no nemesis. Whatever the clock of a process in Go says cannot be
// changed from outside (it does not ask libc, so libfaketime has no part in it), and of the
// time of a client nothing reaches a server but what is in its keys. So the keys of all orders
// are UUIDv7 of clocks that are wrong by up to 4 minutes ahead and 20 hours behind, and jump,
// and the servers refuse keys by their age (WithExpiringKeys).
//
// The effects are counted outside of all that: in a ledger, which lives in this process
// and is not attacked; exactly-once has its effects in the transaction of the request, in
// a table without a unique index. When the calls are through, everything is mended, and what
// clients had given up is called for again with the same keys, until each order is either
// acknowledged or known to be unknown. Then
//
//	at-most-once   no order has two effects, and each that was acknowledged has one
//	at-least-once  each order that was acknowledged has an effect, and none is unknown
//	exactly-once   the orders with one effect are those that were acknowledged, and none has two
//
// and no call has come back later than 100 ms after its deadline, which is 0.5, 1, 3 or 10
// seconds, the time in which its process stood still taken off; one that is open 30 seconds after
// its deadline ends the run. Where the store forgets nothing, some acknowledged orders are called
// for once more and must get the same receipt: up to 200, or one in a hundred, of those that took
// several attempts, and as many drawn from all. Nor may there be effects of no order, more than
// 5 % of orders given up, or more outcomes unknown and responses not stored than strikes explain.
//
// One order in a hundred works for longer than the lease of its claim, another for up to 600 ms,
// and one run in fifty of exactly-once fails after its effect.
//
// A nemesis that makes the store forget what it had confirmed is not part of all; name it, as in
// -nemesis all,redis-empty. What such a store does to at-most-once is then counted and not judged.
//
// Operations of at-most-once whose outcome is unknown are looked up in the ledger by the
// server (WithRecover): these are the recovered ones. One that the ledger does not know stays
// unknown, because its process may only have been stopped.
//
// The exit status is 0 when all promises were kept, 1 when not, 2 when the flags make no
// sense, and 130 after Ctrl-C. RESULTS.md has the last results, written by -write.
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
	"time"

	"github.com/redis/go-redis/v9/logging"

	"github.com/goaroundhq/goaround/benchmarks/child"
	"github.com/goaroundhq/goaround/benchmarks/faults/call"
	"github.com/goaroundhq/goaround/benchmarks/faults/serve"
)

// Exit statuses.
const (
	exitKept        = 0
	exitBroken      = 1
	exitUsage       = 2
	exitInterrupted = 130 // as the shell reports a program that SIGINT ended
)

// roles are what the program is when it is a child.
var roles = map[string]child.Role{serve.Role: serve.Main, call.Role: call.Main}

// isChild is whether the program is a child, which has done its work then.
func isChild() bool {
	logging.Disable() // go-redis tells of each connection that breaks
	return child.Main(roles)
}

func main() {
	if isChild() {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second Ctrl-C does not wait. What comes within a second is the first: timeout(1) signals
	// the whole group of processes, and go run hands on what it gets.
	context.AfterFunc(ctx, func() { time.AfterFunc(time.Second, stop) })
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
	}
	r, err := run(ctx, c, newProgress(stderr, c.calls))
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "faults: interrupted; there is nothing to judge")
		return exitInterrupted
	case err == nil:
		err = r.show(c, stdout)
	}
	if err != nil {
		fmt.Fprintln(stderr, "faults:", err)
		return exitBroken
	}
	if len(r.Broken) > 0 {
		return exitBroken
	}
	return exitKept
}
