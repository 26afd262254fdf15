// Command live shows, in a browser, two fleets of callers that hit a recovering service:
// one waits at random, the other takes turns.
//
//	go run ./examples/live                        # then open http://localhost:8080
//	go run ./examples/live -addr localhost:9000   # on another port
//	go run ./examples/live -redis localhost:6379  # with a Redis that runs already
//
// There are two services that can do the same, 100 orders a second, so that the fleets do
// not disturb each other; what the buttons do happens to both. Each is a real net/http server
// on loopback with the middleware of package server in front. It has ten workers and room
// for ten more orders; whom it refuses costs it a fifth of an order's work. A fleet is five
// processes, played by clients with connections of their own. The same callers come to both
// at the same moments, 20 in a second, each with one order, and wait for up to two minutes.
// 3 % of the responses get lost.
//
//	full jitter   the clients wait at random, for up to 0.1 to 10 s, as is usual
//	slots         they take turns by a slot.Queue over a store in Redis
//
// Neither has a budget for retries or a bound on attempts, so that the wait is all the
// difference. The slots know nothing of the capacity when they begin.
//
// When redis-server is installed, the command starts one of its own, on a socket in a
// temporary folder, and ends it in the end. Otherwise the fleet takes turns by the memory of
// this program, and there is no Redis to stop.
//
// The page needs no network but this program: the charts are drawn by uPlot 1.6.32, which is
// in page/vendor with its licence. Mind who can reach the address that you listen on:
// whoever sees the page can press its buttons. On a loopback address it answers only to
// localhost and to loopback addresses, so that no other name can be made to lead to it; a
// reverse proxy in front of it must set Host to one of them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9/logging"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// usual is what the comment above says.
var usual = rules{steadily: time.Second / 20, outage: 10 * time.Second, herd: 1000}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait
	os.Exit(command(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// command is main without the process around it. It returns the exit status.
func command(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("live", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "localhost:8080", "`address` to listen on")
	redis := flags.String("redis", "", "`address` of a Redis to use, instead of one of its own")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		return exitUsage
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "live: unexpected argument %q\n", flags.Arg(0))
		return exitUsage
	}
	logging.Disable() // a Redis that is stopped on purpose is no news
	if err := run(ctx, *addr, *redis, stdout); err != nil {
		fmt.Fprintln(stderr, "live:", err)
		return exitFailed
	}
	return exitOK
}

// run serves the page until the context ends.
func run(ctx context.Context, addr, redis string, out io.Writer) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // the server closes it, too, when there is one
	s, err := newStage(ctx, redis, usual)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "open http://%s (Ctrl-C ends)\n", listener.Addr())
	return errors.Join(show(ctx, s, listener), s.close())
}

// show serves the page of a stage until the context ends.
func show(ctx context.Context, s *stage, listener net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events := newStream()
	s.running.Go(func() { events.run(ctx, &meter{stage: s}) })
	web := &http.Server{
		Handler:           reachable(listener.Addr(), handler(s, events)),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx }, // ends streams, which do not end by themselves
	}
	failed := make(chan error, 1)
	s.running.Go(func() { failed <- web.Serve(listener) })
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return shut(web)
	}
}
