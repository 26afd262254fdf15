// Command results measures everything again, one after the other, and writes what came of it:
// each measurement its own RESULTS.md and raw data, and this command benchmarks/RESULTS.md, which
// leads to them. It takes an hour or two, on a machine that does nothing else.
//
//	go run ./results                  # from the folder benchmarks, or from the root with its path
//	go run ./results -only bars,peers # and the page about all
//	go run ./results -only none       # the page about the results that are there
//
// It exits with status 1 when a measurement misses a bar, or one that is to break promises breaks
// none; the others are made all the same.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

func main() {
	only := flag.String("only", "", "measure only these, `NAMES` with commas between them, or none")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *only)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "results:", err)
		os.Exit(1)
	}
}

// run measures what is chosen, and writes the page.
func run(ctx context.Context, only string) error {
	folder, err := benchmarksFolder()
	if err != nil {
		return err
	}
	chosen, err := choose(only)
	if err != nil {
		return err
	}
	var failed []error
	for _, r := range chosen {
		if r.records != "" {
			if err := os.Remove(filepath.Join(folder, r.folder, r.records)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		for _, s := range r.steps {
			if err := s.verdict(s.run(ctx, folder, r.folder)); err != nil {
				failed = append(failed, fmt.Errorf("%s: %w", s, err))
			}
			if ctx.Err() != nil {
				return errors.Join(failed...)
			}
		}
	}
	return errors.Join(append(failed, writePage(folder))...)
}

// benchmarksFolder is where the measurements are run.
func benchmarksFolder() (string, error) {
	for _, folder := range []string{".", "benchmarks"} {
		if _, err := os.Stat(filepath.Join(folder, "results")); err == nil {
			return folder, nil
		}
	}
	return "", errors.New("works in the folder benchmarks, and in the root above it")
}

// choose names rooms by their folders; "" is all of them.
func choose(names string) ([]room, error) {
	switch names {
	case "":
		return rooms, nil
	case "none":
		return nil, nil
	}
	var chosen []room
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(rooms, func(r room) bool { return r.folder == name })
		if i < 0 {
			return nil, fmt.Errorf("no measurement has the name %q", name)
		}
		chosen = append(chosen, rooms[i])
	}
	return chosen, nil
}

// verdict is what is wrong with how a step ended.
func (s step) verdict(err error) error {
	switch {
	case !s.breaks:
		return err
	case err == nil:
		return errors.New("no promise was broken")
	case errors.As(err, new(*exec.ExitError)):
		return nil
	default:
		return err
	}
}

// run makes one step of the measurement in a folder below the benchmarks'.
func (s step) run(ctx context.Context, benchmarks, folder string) (err error) {
	fmt.Fprintln(os.Stderr, s)
	cmd := exec.CommandContext(ctx, "go", append([]string{"run"}, s.args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = benchmarks, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it ends the processes that it started
	if s.output != "" {
		file, err := os.Create(filepath.Join(benchmarks, folder, s.output))
		if err != nil {
			return err
		}
		defer file.Close()
		cmd.Stdout = io.MultiWriter(os.Stdout, file)
	}
	return cmd.Run()
}
