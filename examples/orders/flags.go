package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"
)

// maxOutage leaves a call enough of its deadline to end well after the outage.
const maxOutage = callDeadline - 10*time.Second

// config is what the flags say.
type config struct {
	calls   int
	clients int
	seed    uint64
	outage  time.Duration
	naive   bool
	json    bool
	ledger  string // "" for a temporary file
	metrics string // address of the metrics, "" for none
	readme  string // page whose table is written, "" for none
}

// parse reads the flags. What is wrong with them is written to stderr before it
// returns an error.
func parse(args []string, stderr io.Writer) (config, error) {
	var c config
	flags := flag.NewFlagSet("orders", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&c.calls, "calls", 2000, "send `N` orders")
	flags.IntVar(&c.clients, "clients", 50, "from `N` clients at a time")
	flags.Uint64Var(&c.seed, "seed", 1, "draw the faults from seed `N`")
	flags.DurationVar(&c.outage, "outage", 2*time.Second, "take the service down for `D`; 0 for no outage")
	flags.BoolVar(&c.naive, "naive", false, "run without the server middleware")
	flags.BoolVar(&c.json, "json", false, "report as one JSON object")
	flags.StringVar(&c.ledger, "ledger", "", "write the ledger to the new file `PATH` and keep it")
	flags.StringVar(&c.metrics, "metrics", "", "show metrics to Prometheus on `ADDRESS` while it runs, such as :9464")
	flags.StringVar(&c.readme, "readme", "", "run with and without the middleware, and write the figures into the page `FILE`")
	if err := flags.Parse(args); err != nil {
		return config{}, err
	}
	if err := c.check(flags.Args()); err != nil {
		fmt.Fprintf(stderr, "orders: %v (-h shows the flags)\n", err)
		return config{}, err
	}
	return c, nil
}

// check reports flags that make no sense.
func (c config) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case c.calls < 1:
		return fmt.Errorf("-calls %d: must be at least 1", c.calls)
	case c.clients < 1:
		return fmt.Errorf("-clients %d: must be at least 1", c.clients)
	case c.outage < 0 || c.outage > maxOutage:
		return fmt.Errorf("-outage %v: must be between 0 and %v, because a call gives up after %v",
			c.outage, maxOutage, callDeadline)
	case c.readme != "" && (c.naive || c.json || c.ledger != ""):
		return errors.New("-readme makes both runs, and goes with neither -naive nor -json nor -ledger")
	default:
		return nil
	}
}
