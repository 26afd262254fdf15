// Command bars runs the benchmarks of the packages, and prints as a Markdown table what
// each costs over the bare stub beside it, as the difference of the least and of the
// median times, and what it may cost. It exits with status 1 when a bar is missed by the
// least times, to which other load on the machine does not add. What is measured against
// Redis needs redis-server.
//
//	go run ./bars -count 12
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
)

func main() {
	count := flag.Int("count", 12, "run each benchmark `N` times, in turn")
	flag.Parse()
	if flag.NArg() > 0 || *count < 1 {
		flag.Usage()
		os.Exit(2)
	}
	missed, err := measure(*count)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bars:", err)
	}
	if err != nil || missed {
		os.Exit(1)
	}
}

// measure runs until it is done or interrupted.
func measure(count int) (missed bool, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	return run(ctx, count)
}

// run measures and prints. It reports whether a bar was missed.
func run(ctx context.Context, count int) (missed bool, err error) {
	const module = "github.com/goaroundhq/goaround/"
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^Benchmark(Clock|Dates|Transport|Server|FirstRun)$",
		"-benchtime", "0.3s", "-count", strconv.Itoa(count), module+"skew", module+"transport", module+"server", module+"idem/idemredis")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return false, fmt.Errorf("%w\n%s", err, out)
	}
	m, err := read(bytes.NewReader(out))
	if err != nil {
		return false, err
	}
	rows, err := compare(bars, m)
	if err != nil {
		return false, err
	}
	missed, err = write(os.Stdout, rows)
	if err != nil {
		return false, err
	}
	missedShare, err := writeShares(os.Stdout, shares, m)
	return missed || missedShare, err
}
