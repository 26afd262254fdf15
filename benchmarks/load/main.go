// Command load keeps one server as busy as the machine can, for minutes, and looks whether
// its memory stays what it is.
//
//	go run ./load                     # from the folder benchmarks
//	go run ./load -for 5m -write      # load/RESULTS.md and the plot beside it, too
//	go run ./load -store redis        # needs redis-server
//	go run ./load -for 1m -leak 256 -leak-of 64   # a server that leaks, to see that it is seen
//
// The server is a process of its own: net/http on loopback, the middleware, and a store. The
// clients are goroutines of this one with a plain http.Client, because that is cheaper than
// our transport and leaves the server more of the machine. Each sends its next request when
// it has the answer to the last, so latencies are those of a server with nothing left to give:
// they do not say what a caller waits at a lower rate. Three of four requests are first runs,
// the fourth repeats the one before it.
//
// Requests may leave nothing behind: neither in what the heap holds after a collection, nor
// goroutines, whose number is also what it was at the start when the clients have left. A leak
// goes with requests, but records come and go with their rate: growth is the slope by requests
// done of a straight fit by these and by the rate, through the means of 16 stretches of the run
// after its first fifth. It is flat when the slope and three of its standard errors are below
// a bound, 2 bytes a request, and it grows when the slope less three of them is above.
//
// Records live for a quarter of a second, but at first for longer: the maps of the store keep
// the room of the most records that there ever were, and get it before anything is judged.
//
// The exit status is 1 when something grows, when a run was too short or too unsteady to tell,
// when an answer was not what it should be, and when the run could not be made. Only the
// server is watched: neither the memory of the Redis process nor our transport is.
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
	lax     int
	leak    leaks
}

func parse(args []string, usage io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("load", flag.ContinueOnError)
	f.SetOutput(usage)
	f.DurationVar(&o.lasts, "for", 5*time.Minute, "how long the load lasts")
	f.DurationVar(&o.every, "every", 0, "time between two samples; 0 is a 300th of the run")
	f.DurationVar(&o.ttl, "ttl", 250*time.Millisecond, "lifetime of records")
	f.IntVar(&o.clients, "clients", 64, "requests at a time")
	f.StringVar(&o.store, "store", "memory", "memory or redis")
	f.BoolVar(&o.json, "json", false, "print one JSON object instead of text")
	f.BoolVar(&o.write, "write", false, "write load/RESULTS.md and its plot, too")
	f.IntVar(&o.lax, "lax", 1, "widen the bounds by this factor, for runs too short to tell")
	f.IntVar(&o.leak.Bytes, "leak", 0, "let the server hold on to so many bytes of a request")
	f.IntVar(&o.leak.OneIn, "leak-of", 1, "of one in so many requests")
	f.IntVar(&o.leak.Goroutines, "strand", 0, "let the server leave a goroutine behind at one in so many requests; 0 is at none")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.every == 0 {
		o.every = o.lasts / 300
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unknown argument %q; see -help", f.Arg(0))
	case o.store != "memory" && o.store != "redis":
		return o, fmt.Errorf("-store %s: must be memory or redis", o.store)
	case o.every <= 0 || o.ttl <= 0 || o.clients < 1:
		return o, errors.New("-for, -every, -ttl and -clients must be positive")
	case o.lax < 1 || o.leak.Bytes < 0 || o.leak.OneIn < 1 || o.leak.Goroutines < 0:
		return o, errors.New("-lax and -leak-of must be at least 1, -leak and -strand must not be negative")
	case o.lasts < 2*stretches*o.every:
		return o, fmt.Errorf("-for must have room for %d samples", 2*stretches)
	default:
		return o, nil
	}
}

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
	return errors.Join(err, r.verdict())
}
