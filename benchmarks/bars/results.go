package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/perf/benchfmt"
)

// preface stands above the tables in the file.
const preface = `# The packages' benchmarks against their bars

Written by ` + "`go run ./bars -write`" + ` in the folder benchmarks. [raw.txt](raw.txt) is the output of go test that the
tables are made of. "ns, least" is the least time of a benchmark less the least of the bare one beside it, and what the
bar is about: other load on the machine only adds to it. "throughput left" is the median of a share of which both sides
take turns.

`

// resultsFolder is that of this command.
func resultsFolder() (string, error) {
	for _, folder := range []string{"bars", "benchmarks/bars"} {
		if _, err := os.Stat(folder); err == nil {
			return folder, nil
		}
	}
	return "", errors.New("-write works in the folder benchmarks, and in the root above it")
}

// writeResults writes the tables, and what they were made of: the output of benchmarks that
// each ran count times.
func writeResults(folder string, raw, tables []byte, count int, when time.Time) error {
	machine, err := machineOf(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	page := fmt.Sprintf("%sMeasured %s with %s on %s, each benchmark %d times.\n\n%s",
		preface, when.UTC().Format(time.DateOnly), runtime.Version(), machine, count, tables)
	if err := os.WriteFile(filepath.Join(folder, "raw.txt"), raw, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "RESULTS.md"), []byte(page), 0o644)
}

// machineOf is what the benchmarks themselves say about where they ran.
func machineOf(raw io.Reader) (string, error) {
	reader := benchfmt.NewReader(raw, "go test")
	for reader.Scan() {
		if r, ok := reader.Result().(*benchfmt.Result); ok {
			return fmt.Sprintf("%s/%s, %d processors, %s", r.GetConfig("goos"), r.GetConfig("goarch"), runtime.NumCPU(), r.GetConfig("cpu")), nil
		}
	}
	return "", errors.Join(reader.Err(), errors.New("no benchmark says where it ran"))
}
