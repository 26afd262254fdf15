package main

import (
	"fmt"
	"io"
	"regexp"
	"slices"

	"golang.org/x/perf/benchfmt"
)

// measurements are the results of go test -bench by name, without the prefix Benchmark
// and the number of processors.
type measurements map[string]samples

// samples are the values of one benchmark by unit, one for each time it ran.
type samples map[string][]float64

// least and median are of a unit that was measured at least once.
func (s samples) least(unit string) float64 { return slices.Min(s[unit]) }

func (s samples) median(unit string) float64 {
	v := slices.Sorted(slices.Values(s[unit]))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

var processors = regexp.MustCompile(`-\d+$`)

func read(r io.Reader) (measurements, error) {
	m := measurements{}
	reader := benchfmt.NewReader(r, "go test")
	for reader.Scan() {
		switch result := reader.Result().(type) {
		case *benchfmt.Result:
			name := processors.ReplaceAllString(result.Name.String(), "")
			if m[name] == nil {
				m[name] = samples{}
			}
			for _, v := range result.Values {
				m[name][v.Unit] = append(m[name][v.Unit], v.Value)
			}
		case *benchfmt.SyntaxError:
			return nil, fmt.Errorf("output of go test: %w", result)
		}
	}
	return m, reader.Err()
}
