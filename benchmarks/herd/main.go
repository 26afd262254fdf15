// Command herd shows what becomes of a herd: of callers whose calls failed together in an
// outage. It compares what goaround does about them with what others do, in a simulation
// (-sim), or with real processes, a real HTTP server and a real Redis (-real).
//
//	go run ./herd                        # the tables, in less than a minute
//	go run ./herd -full                  # and the cases that say how far they can be trusted
//	go run ./herd -n 5000 -only ours     # a case of your own
//	go run ./herd -bars                  # hold the pacer against the bars of its design
//	go run ./herd -real                  # the real thing, which takes minutes
//
// See packages sim for the model and rivals for the strategies. With -write, results and
// plots are written into a folder; see RESULTS.md for the last ones.
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

	"github.com/goaroundhq/goaround/benchmarks/herd/real"
	"github.com/goaroundhq/goaround/benchmarks/herd/report"
	"github.com/goaroundhq/goaround/benchmarks/herd/sim"
)

func main() {
	if real.Child() {
		return
	}
	os.Exit(status())
}

// status runs the command, and is how it ends.
func status() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if !errors.As(err, new(shownError)) {
		fmt.Fprintln(os.Stderr, "herd:", err)
	}
	return 1
}

// shownError is an error that has been explained already.
type shownError struct{ error }

func (e shownError) Unwrap() error { return e.error }

// options are the flags.
type options struct {
	sim, real, json, full, bars bool
	only, which, write          string
	streams, seed               int
	own                         sim.Case // of the flags
	isOwn                       bool
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	o, err := parse(args, progress)
	if err != nil {
		return err
	}
	err = o.do(ctx, out, progress)
	if err != nil && o.json {
		// Who reads JSON gets JSON.
		return errors.Join(err, report.JSON(out, report.Document{Kind: o.kind(), Error: err.Error()}))
	}
	return err
}

func (o options) kind() string {
	if o.real {
		return "real"
	}
	return "sim"
}

func (o options) do(ctx context.Context, out, progress io.Writer) error {
	if o.write != "" {
		if err := os.MkdirAll(o.write, 0o755); err != nil {
			return err
		}
	}
	switch {
	case o.bars:
		return holdBars(ctx, o, out)
	case o.real:
		return measure(ctx, o, out, progress)
	default:
		return simulate(ctx, o, out, progress)
	}
}

func parse(args []string, progress io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("herd", flag.ContinueOnError)
	f.SetOutput(progress)
	f.BoolVar(&o.sim, "sim", false, "simulate; the default")
	f.BoolVar(&o.real, "real", false, "run real processes against a real server; needs redis-server")
	f.BoolVar(&o.bars, "bars", false, "simulate what the pacer has to show, and fail if it does not by the median of the streams")
	f.BoolVar(&o.json, "json", false, "print one JSON object instead of tables")
	f.BoolVar(&o.full, "full", false, "simulate the sensitivity cases too")
	f.StringVar(&o.only, "only", "", "only strategies whose name has `TEXT` in it")
	f.StringVar(&o.which, "case", "", "only cases whose name has `TEXT` in it")
	f.StringVar(&o.write, "write", "", "write RESULTS.md, CSV and plots into `FOLDER`")
	f.IntVar(&o.streams, "streams", 10, "simulate `N` random streams of the first case; the others have a third of it, a crowd a tenth")
	f.IntVar(&o.seed, "seed", 1, "`NUMBER` of the first stream")
	own := sim.Case{}.Defaults()
	f.IntVar(&own.Callers, "n", own.Callers, "callers")
	f.IntVar(&own.Processes, "processes", own.Processes, "processes that they are in; 10 for -real")
	f.Float64Var(&own.Capacity, "capacity", own.Capacity, "calls per second that the server completes")
	f.DurationVar(&own.Outage, "outage", own.Outage, "how long the server is away")
	f.Float64Var(&own.RejectCost, "cost", own.RejectCost, "share of a call's work that a refusal costs the server")
	f.DurationVar(&own.Horizon, "horizon", own.Horizon, "after which nobody waits any longer; 60s for -real")
	if err := f.Parse(args); err != nil {
		return o, shownError{err}
	}
	set := map[string]bool{}
	f.Visit(func(f *flag.Flag) { set[f.Name] = true })
	for _, name := range []string{"n", "processes", "capacity", "outage", "cost", "horizon"} {
		o.isOwn = o.isOwn || set[name]
	}
	o.own = realDefaults(own, o.real, set)
	if o.real {
		o.streams = 1
	}
	return o, o.check(f)
}

// realDefaults are of the real run, for flags that are not set.
func realDefaults(c sim.Case, isReal bool, set map[string]bool) sim.Case {
	if isReal && !set["processes"] {
		c.Processes = 10
	}
	if isReal && !set["horizon"] {
		c.Horizon = time.Minute
	}
	if c.RejectCost == 0 {
		c.RejectCost = sim.None
	}
	return c
}

func (o options) check(f *flag.FlagSet) error {
	switch {
	case f.NArg() > 0:
		return fmt.Errorf("unknown argument %q; see -help", f.Arg(0))
	case o.sim && o.real:
		return errors.New("-sim and -real: choose one")
	case o.bars && (o.real || o.json):
		return errors.New("-bars is simulated, and has no JSON")
	case o.streams < 1 || o.own.Callers < 1 || o.own.Processes < 1:
		return errors.New("-streams, -n and -processes must be at least 1")
	case o.own.Capacity < 10 || o.own.Outage <= 0 || o.own.Horizon <= o.own.Outage:
		return errors.New("-capacity must be at least 10, and -horizon longer than -outage")
	case o.own.RejectCost > 1:
		return errors.New("-cost must be at most 1")
	default:
		return nil
	}
}
