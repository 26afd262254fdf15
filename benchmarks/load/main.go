// Command load keeps one server as busy as the machine can, for minutes, and looks whether
// its memory stays what it is.
//
//	go run ./load                     # from the folder benchmarks
//	go run ./load -for 5m -write      # load/RESULTS.md and the plot beside it, too
//	go run ./load -store redis        # needs redis-server
//	go run ./load -for 20s -leak      # a server that leaks, to see what that looks like
//
// The server is a process of its own: net/http on loopback, the middleware, and a store. The
// clients are goroutines of this one with a plain http.Client, because that is cheaper than
// our transport and leaves the server more of the machine. Each sends its next request when
// it has the answer to the last, so latencies are those of a server with nothing left to give:
// they do not say what a caller waits at a lower rate. Three of four requests are first runs,
// the fourth repeats the one before it.
//
// Records live for a hundredth of the run, so the store is as full as it gets early in the
// first fifth of it, which is not judged. From then on nothing may grow: neither what the heap
// holds after a collection, nor the number of goroutines, which is what it was at the start
// when the clients have left. The exit status is 1 when something grew, when an answer was not
// what it should be, and when the run could not be made.
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
)

func main() {
	if isServer() {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	lasts   time.Duration
	every   time.Duration
	ttl     time.Duration
	clients int
	store   string
	json    bool
	write   bool
	leak    bool
}

func parse(args []string, usage io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("load", flag.ContinueOnError)
	f.SetOutput(usage)
	f.DurationVar(&o.lasts, "for", 5*time.Minute, "how long the load lasts")
	f.DurationVar(&o.every, "every", 0, "time between two samples; 0 is a 300th of the run")
	f.DurationVar(&o.ttl, "ttl", 0, "lifetime of records; 0 is a hundredth of the run")
	f.IntVar(&o.clients, "clients", 64, "requests at a time")
	f.StringVar(&o.store, "store", "memory", "memory or redis")
	f.BoolVar(&o.json, "json", false, "print one JSON object instead of text")
	f.BoolVar(&o.write, "write", false, "write load/RESULTS.md and its plot, too")
	f.BoolVar(&o.leak, "leak", false, "let the server hold on to requests and goroutines")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.every == 0 {
		o.every = o.lasts / 300
	}
	if o.ttl == 0 {
		o.ttl = o.lasts / 100
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unknown argument %q; see -help", f.Arg(0))
	case o.store != "memory" && o.store != "redis":
		return o, fmt.Errorf("-store %s: must be memory or redis", o.store)
	case o.every <= 0 || o.ttl <= 0 || o.clients < 1:
		return o, errors.New("-for, -every, -ttl and -clients must be positive")
	case o.lasts < 10*o.every:
		return o, errors.New("-for must have room for ten samples")
	default:
		return o, nil
	}
}

// errVerdict is the error of a run that went through and whose result is bad.
var errVerdict = errors.New("it does not hold")

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	o, err := parse(args, progress)
	if err != nil {
		return err
	}
	var folder string
	if o.write { // known before minutes are spent
		if folder, err = ownFolder(); err != nil {
			return err
		}
	}
	r, err := measure(ctx, o, progress)
	if err != nil {
		return err
	}
	if o.json {
		err = r.writeJSON(out)
	} else {
		err = r.writeText(out)
	}
	if o.write {
		err = errors.Join(err, r.writeFiles(folder))
	}
	if len(r.Failures) > 0 {
		return errors.Join(err, errVerdict)
	}
	return err
}
