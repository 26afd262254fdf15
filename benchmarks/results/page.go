package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const preface = `# Results

Written by ` + "`go run ./results`" + ` in the folder benchmarks, which runs the commands below and reads what they wrote. Each
section leads to one page with figures and what they mean, and to the data beside it. Absolute times are of the machine
that is named; ratios say more.
`

// writePage writes what leads to the results that are there.
func writePage(benchmarks string) error {
	var page bytes.Buffer
	page.WriteString(preface)
	for _, r := range rooms {
		section, err := r.section(os.DirFS(filepath.Join(benchmarks, r.folder)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			section = fmt.Sprintf("## %s\n\nNot measured yet.\n", r.folder)
		case err != nil:
			return err
		}
		page.WriteString("\n" + section + "\nMade by:\n")
		for _, s := range r.steps {
			page.WriteString("\n    " + s.String())
		}
		page.WriteString("\n")
	}
	return os.WriteFile(filepath.Join(benchmarks, "RESULTS.md"), page.Bytes(), 0o644)
}

var (
	title = regexp.MustCompile(`(?m)^# (.+)$`)
	// dated are the lines in which a measurement says when and where it was made.
	dated = regexp.MustCompile(`(?m)^(.*\d{4}-\d\d-\d\d.*go1\..*|Machine: .*)$`)
)

// section sums up the page in a folder, and fails when there is none.
func (r room) section(folder fs.FS) (string, error) {
	text, err := fs.ReadFile(folder, "RESULTS.md")
	if err != nil {
		return "", err
	}
	heading := title.FindSubmatch(text)
	if heading == nil {
		return "", fmt.Errorf("%s/RESULTS.md has no title", r.folder)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n", heading[1])
	var dates []string
	for _, line := range dated.FindAllString(string(text), -1) {
		if !slices.Contains(dates, line) {
			dates = append(dates, line)
		}
	}
	fmt.Fprintf(&b, "[All figures](%s/RESULTS.md). %s\n", r.folder, strings.Join(dates, " "))
	raw, err := data(folder)
	if err != nil {
		return "", err
	}
	for i, name := range raw {
		raw[i] = fmt.Sprintf("[%s](%s/%s)", name, r.folder, name)
	}
	if len(raw) > 0 {
		fmt.Fprintf(&b, "Data: %s.\n", strings.Join(raw, ", "))
	}
	tables := string(text)
	for _, s := range r.steps {
		if s.output != "" {
			printed, err := fs.ReadFile(folder, s.output)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return "", err
			}
			tables += string(printed)
		}
	}
	b.WriteString(verdict(tables))
	return b.String(), nil
}

// data are the files in which a measurement keeps its figures.
func data(folder fs.FS) ([]string, error) {
	var all []string
	for _, kind := range []string{"*.csv", "*.jsonl", "*.txt"} {
		found, err := fs.Glob(folder, kind)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// judged is a row of a table that ends with a verdict.
var judged = regexp.MustCompile(`(?m)^.*\b(kept|yes|not in every stream|MISSED|NO: [^|]*)( \|)?\s*$`)

// verdict counts the bars and promises, and repeats those that were not kept.
func verdict(tables string) string {
	kept := 0
	var others []string
	for _, row := range judged.FindAllStringSubmatch(tables, -1) {
		if row[1] == "kept" || row[1] == "yes" {
			kept++
		} else {
			others = append(others, "    "+strings.TrimSpace(row[0]))
		}
	}
	switch {
	case kept+len(others) == 0:
		return ""
	case len(others) == 0:
		return fmt.Sprintf("All %d bars and promises are kept.\n", kept)
	default:
		return fmt.Sprintf("%d of %d bars and promises are kept, and not these:\n\n%s\n", kept, kept+len(others), strings.Join(others, "\n"))
	}
}
