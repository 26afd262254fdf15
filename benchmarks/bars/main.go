// Command bars runs the benchmarks of the packages, and prints as a Markdown table what
// each costs over the bare stub beside it, as the difference of the least and of the
// median times, and what it may cost. It exits with status 1 when a bar is missed by the
// least times, to which other load on the machine does not add. What is measured against
// Redis needs redis-server.
//
//	go run ./bars -count 12
//	go run ./bars -write     # bars/RESULTS.md and the raw output beside it, too
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
	"time"
)

func main() {
	count := flag.Int("count", 12, "run each benchmark `N` times, in turn")
	write := flag.Bool("write", false, "write bars/RESULTS.md and bars/raw.txt, too")
	flag.Parse()
	if flag.NArg() > 0 || *count < 1 {
		flag.Usage()
		os.Exit(2)
	}
	missed, err := measure(*count, *write)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bars:", err)
	}
	if err != nil || missed {
		os.Exit(1)
	}
}

// measure runs until it is done or interrupted.
func measure(count int, write bool) (missed bool, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	folder := ""
	if write {
		if folder, err = resultsFolder(); err != nil {
			return false, err
		}
	}
	return run(ctx, count, folder)
}

// run measures and prints, and writes into a folder that has a name. It reports whether a
// bar was missed.
func run(ctx context.Context, count int, folder string) (missed bool, err error) {
	const module = "github.com/goaroundhq/goaround/"
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^Benchmark(Clock|Dates|Transport|Server|FirstRun)$",
		"-benchtime", "0.3s", "-count", strconv.Itoa(count), module+"skew", module+"transport", module+"server", module+"idem/idemredis")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return false, fmt.Errorf("%w\n%s", err, out)
	}
	var tables bytes.Buffer
	if missed, err = hold(&tables, out); err != nil {
		return false, err
	}
	if folder != "" {
		err = writeResults(folder, out, tables.Bytes(), count, time.Now())
	}
	fmt.Print(tables.String())
	return missed, err
}

// hold writes what was measured beside the bars. It reports whether one was missed.
func hold(tables *bytes.Buffer, raw []byte) (missed bool, err error) {
	m, err := read(bytes.NewReader(raw))
	if err != nil {
		return false, err
	}
	rows, err := compare(bars, m)
	if err != nil {
		return false, err
	}
	missed, err = write(tables, rows)
	if err != nil {
		return false, err
	}
	missedShare, err := writeShares(tables, shares, m)
	return missed || missedShare, err
}
