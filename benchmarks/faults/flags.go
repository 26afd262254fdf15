package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/faults/call"
	"github.com/goaroundhq/goaround/benchmarks/faults/nemesis"
	"github.com/goaroundhq/goaround/benchmarks/faults/serve"
	"github.com/goaroundhq/goaround/benchmarks/faults/site"
)

// config is what the flags say.
type config struct {
	calls     int
	seed      uint64
	store     site.Kind
	guarantee serve.Guarantee
	nemeses   []nemesis.Nemesis
	names     string // of the nemeses, as they were given
	replicas  int
	rate      float64
	deadline  time.Duration // of each call; 0 for several
	outage    time.Duration // of the pacer

	servers, clients, callers int

	json  bool
	tell  bool // each strike
	write string
}

// Defaults of -servers and -clients, and of -callers.
const (
	defaultHosts   = 3
	defaultCallers = 16
)

var (
	stores     = []site.Kind{site.Redis, site.RedisAOF, site.Sentinel, site.Cluster, site.SQL}
	guarantees = []serve.Guarantee{serve.AtMostOnce, serve.AtLeastOnce, serve.ExactlyOnce}
)

// parse reads the flags. What is wrong with them is written to stderr before it
// returns an error.
func parse(args []string, stderr io.Writer) (config, error) {
	c := config{store: site.Redis, guarantee: serve.AtMostOnce}
	var naive bool
	flags := flag.NewFlagSet("faults", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&c.calls, "calls", 10000, "place `N` orders")
	flags.Uint64Var(&c.seed, "seed", 1, "draw the faults and the orders from seed `N`")
	flags.Func("store", fmt.Sprintf("keep the records in a `STORE` of %v (default redis)", stores), oneOf(&c.store, stores))
	flags.Func("guarantee", fmt.Sprintf("promise `G` of %v (default at-most-once)", guarantees), oneOf(&c.guarantee, guarantees))
	flags.StringVar(&c.names, "nemesis", "all", "strike with `NAMES`, comma-separated: "+names())
	flags.IntVar(&c.replicas, "replicas", 0, "let the store wait for `N` replicas")
	flags.Float64Var(&c.rate, "rate", 0, "place `N` orders in a second; 0 for as many as go")
	flags.DurationVar(&c.deadline, "deadline", 0, "let each call take `D`; 0 for 0.5 to 10 seconds, by order")
	flags.DurationVar(&c.outage, "outage", 0, "let pacer-gone last for `D`; 0 for 1 to 3 seconds")
	flags.IntVar(&c.servers, "servers", defaultHosts, "run `N` server processes")
	flags.IntVar(&c.clients, "clients", defaultHosts, "run `N` client processes")
	flags.IntVar(&c.callers, "callers", defaultCallers, "with `N` callers in each client process")
	flags.BoolVar(&naive, "naive", false, "run the servers without the middleware")
	flags.BoolVar(&c.json, "json", false, "report as one JSON object")
	flags.BoolVar(&c.tell, "v", false, "tell of each strike on standard error")
	flags.StringVar(&c.write, "write", "", "add the result to results.jsonl and RESULTS.md in `FOLDER`")
	if err := flags.Parse(args); err != nil {
		return config{}, err
	}
	err := c.check(flags.Args())
	if err == nil {
		c.nemeses, err = nemesis.Parse(c.names, c.store)
	}
	if err != nil {
		fmt.Fprintf(stderr, "faults: %v (-h shows the flags)\n", err)
		return config{}, err
	}
	if naive {
		c.guarantee = serve.Naive
	}
	return c, nil
}

// names are the nemeses that there are.
func names() string {
	text := "all, none"
	for _, n := range nemesis.All() {
		text += ", " + n.Name
	}
	return text
}

// oneOf reads one of some words.
func oneOf[T ~string](into *T, words []T) func(string) error {
	return func(word string) error {
		if !slices.Contains(words, T(word)) {
			return fmt.Errorf("must be one of %v", words)
		}
		*into = T(word)
		return nil
	}
}

// check reports flags that make no sense.
func (c config) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case c.calls < 1:
		return fmt.Errorf("-calls %d: must be at least 1", c.calls)
	case c.servers < 1 || c.clients < 1 || c.callers < 1:
		return fmt.Errorf("-servers %d -clients %d -callers %d: must be at least 1", c.servers, c.clients, c.callers)
	case c.deadline >= call.Memory:
		return fmt.Errorf("-deadline %v: must be less than %v", c.deadline, call.Memory)
	case c.rate < 0 || c.outage < 0 || c.deadline < 0:
		return fmt.Errorf("-rate %g -outage %v -deadline %v: must not be negative", c.rate, c.outage, c.deadline)
	case c.replicas < 0 || c.replicas > 0 && c.store != site.Sentinel && c.store != site.Cluster:
		return fmt.Errorf("-replicas %d: needs -store sentinel or cluster", c.replicas)
	case c.guarantee == serve.ExactlyOnce && c.store != site.SQL:
		return fmt.Errorf("-guarantee %s: needs -store sql, where effect and record are one transaction", c.guarantee)
	default:
		return nil
	}
}

// forgets is whether the store may lose what it has confirmed.
func (c config) forgets() bool {
	return slices.ContainsFunc(c.nemeses, func(n nemesis.Nemesis) bool { return n.Forgets })
}
