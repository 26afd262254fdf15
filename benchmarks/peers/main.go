// Command peers measures goaround's transport and other ways to retry HTTP calls in Go side
// by side in one run, all of them in turn, and holds them to the rules of http.RoundTripper.
// It prints Markdown tables, or JSON, and exits with status 1 when goaround misses a bar.
//
//	go run ./peers            # some minutes
//	go run ./peers -json
//	go run ./peers -write     # peers/RESULTS.md, too
//	go run ./peers -judge go-retryablehttp
//
// Times are of this machine: what they say is in their ratios.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

func main() {
	asJSON := flag.Bool("json", false, "print one JSON object instead of tables")
	write := flag.Bool("write", false, "write peers/RESULTS.md, too")
	only := flag.String("judge", "", "only hold the `PEER` to the rules, and print all findings as JSON")
	rounds := flag.Int("rounds", 60, "measure each peer `N` times, in turn with the others")
	flag.Parse()
	if flag.NArg() > 0 || *rounds < 1 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	var err error
	if *only != "" {
		err = printFindings(ctx, os.Stdout, *only)
	} else {
		err = run(ctx, full(*rounds), *asJSON, *write)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// full is the size of a measurement that says something.
func full(rounds int) size {
	return size{rounds: rounds, roundTime: 5 * time.Millisecond, upload: 64 << 20, callers: 1000, calls: 1000, outages: 3}
}

var errMissed = errors.New("a bar was missed")

// run measures and prints.
func run(ctx context.Context, s size, asJSON, write bool) error {
	file := ""
	if write {
		var err error
		if file, err = resultsFile(); err != nil {
			return err
		}
	}
	r, err := measure(ctx, s, os.Stderr)
	if err != nil {
		return err
	}
	if err := r.print(os.Stdout, asJSON); err != nil {
		return err
	}
	if write {
		if err := r.writeFile(file); err != nil {
			return err
		}
	}
	var missed []error
	for _, b := range r.Bars {
		if !b.Kept {
			missed = append(missed, fmt.Errorf("%w: %s: %s %s, at most %s", errMissed, b.Name, figure(b.Measured), b.Unit, figure(b.Most)))
		}
	}
	return errors.Join(missed...)
}

func (r *results) print(w io.Writer, asJSON bool) error {
	if !asJSON {
		return r.write(w)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// preface stands above the tables in the file.
const preface = `# goaround's transport beside others

Written by ` + "`go run ./peers -write`" + `, from the folder benchmarks. Every peer tries three times and does
not wait; what a peer does not do by default but can be set to (give back the last response)
is set. "bare" is the stub or net/http alone. The hand-written loop has no policy, and is what
a library can be measured by. goaround alone makes a key for a POST. cenkalti/backoff and
aws/retry know no requests and responses of net/http: what joins them is written here
(loops.go, aws.go). Times vary with what else the machine does; each is the least, or the
median, of rounds in which all take turns.

`

// resultsFile is in the folder of this command.
func resultsFile() (string, error) {
	for _, folder := range []string{"peers", "benchmarks/peers"} {
		if _, err := os.Stat(folder); err == nil {
			return filepath.Join(folder, "RESULTS.md"), nil
		}
	}
	return "", errors.New("-write works in the folder benchmarks, and in the root above it")
}

func (r *results) writeFile(name string) error {
	var b bytes.Buffer
	b.WriteString(preface)
	if err := r.write(&b); err != nil {
		return err
	}
	return os.WriteFile(name, b.Bytes(), 0o644)
}
