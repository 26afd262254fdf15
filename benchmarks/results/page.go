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

Written by ` + "`go run ./results`" + ` in the folder benchmarks, which measures what is asked for and reads what is there. Each
section leads to one page with figures and what they mean, to the data beside it, and names the commands that made them.
Absolute times are of the machine that is named; ratios say more.
`

// writePage writes what leads to the results that are there.
func writePage(benchmarks string) error {
	var page bytes.Buffer
	page.WriteString(preface)
	for _, r := range rooms {
		folder := os.DirFS(filepath.Join(benchmarks, r.folder))
		section, err := r.section(folder)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			section = fmt.Sprintf("## %s\n\nNot measured yet.\n", r.folder)
		case err != nil:
			return err
		}
		commands, err := r.commands(folder)
		if err != nil {
			return err
		}
		page.WriteString("\n" + section + "\nMade by:\n\n    " + strings.Join(commands, "\n    ") + "\n")
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

var (
	// judged is a row of a table that ends with a verdict.
	judged = regexp.MustCompile(`^.*\b(kept|yes|not in every stream|MISSED|NO: [^|]*)( \|)?\s*$`)
	// rule is what stands below the headings of a table in Markdown.
	rule = regexp.MustCompile(`^\|[-:| ]+\|\s*$`)
)

// verdict counts the bars and promises, and repeats those that were not kept, below the
// headings of their table. A row without a verdict promises nothing and is not counted.
func verdict(tables string) string {
	kept, others := 0, 0
	var missed strings.Builder
	var headings string // of this table, until they are written
	lines := strings.Split(tables, "\n")
	for i, line := range lines {
		if i+1 < len(lines) && rule.MatchString(lines[i+1]) {
			headings = "\n" + line + "\n" + lines[i+1] + "\n"
			continue
		}
		row := judged.FindStringSubmatch(line)
		switch {
		case row == nil:
		case row[1] == "kept" || row[1] == "yes":
			kept++
		case strings.HasPrefix(line, "|"):
			others++
			missed.WriteString(headings + line + "\n")
			headings = ""
		default:
			others++
			missed.WriteString("\n    " + line + "\n")
		}
	}
	switch {
	case kept+others == 0:
		return ""
	case others == 0:
		return fmt.Sprintf("All %d bars and promises are kept.\n", kept)
	default:
		return fmt.Sprintf("%d of %d bars and promises are kept, and not these:\n%s", kept, kept+others, missed.String())
	}
}

// listed is a run that a page names by its flags, among those that made it.
var listed = regexp.MustCompile("(?m)^- `(-[^`]+)`, in ")

// commands are what made the page in a folder: the runs that it lists or, where it lists
// none, the steps that this command runs.
func (r room) commands(folder fs.FS) ([]string, error) {
	text, err := fs.ReadFile(folder, "RESULTS.md")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var all []string
	for _, run := range listed.FindAllSubmatch(text, -1) {
		if command := fmt.Sprintf("go run ./%s %s", r.folder, run[1]); !slices.Contains(all, command) {
			all = append(all, command)
		}
	}
	if len(all) == 0 {
		for _, s := range r.steps {
			all = append(all, s.String())
		}
	}
	return all, nil
}
