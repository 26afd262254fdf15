package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestCommandWritesThePage(t *testing.T) {
	t.Parallel()
	page := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(page, []byte("before\n"+tableBegins+"old\n"+tableEnds+"after\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	args := []string{"-readme", page, "-calls", "60", "-clients", "8", "-outage", "50ms"}
	if status := command(t.Context(), args, new(bytes.Buffer), &stderr); status != exitKept {
		t.Fatalf("exit status %d, want %d; stderr:\n%s", status, exitKept, &stderr)
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	shape := regexp.MustCompile(`(?s)^before\n<!-- orders -->\n\| \|.*\| orders sent \| 60 \| 60 \|\n.*` +
		`\| \*\*executions too many\*\* \| \*\*\d+\*\* \| \*\*0\*\* \|\n.*seed 1\.\n<!-- end of orders -->\nafter\n$`)
	if !shape.Match(got) {
		t.Errorf("the page is\n%s", got)
	}
}

func TestPageWithoutPlaceIsRefused(t *testing.T) {
	t.Parallel()
	page := filepath.Join(t.TempDir(), "page.md")
	for _, text := range []string{"", tableBegins, tableEnds, tableEnds + tableBegins} {
		if err := os.WriteFile(page, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		if status := command(t.Context(), []string{"-readme", page}, new(bytes.Buffer), &stderr); status != exitBroken {
			t.Errorf("%q: exit status %d, want %d", text, status, exitBroken)
		}
		if got, err := os.ReadFile(page); err != nil || string(got) != text {
			t.Errorf("%q became %q, %v", text, got, err)
		}
	}
}

// The README's figures are those that this command writes: the same rows, of a run with the
// default flags in which the middleware made the difference.
func TestReadmeHasTheTable(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), tableBegins)
	table, _, ends := strings.Cut(rest, tableEnds)
	if !ends {
		t.Fatal("the README has no place for the table")
	}
	figures := regexp.MustCompile(`\d+`)
	written := string(compare(report{Seed: 1}, report{Seed: 1}, time.Now()))
	for line := range strings.Lines(written[:strings.Index(written, "\n\n")+1]) {
		row := "(?m)^" + figures.ReplaceAllString(regexp.QuoteMeta(strings.TrimSpace(line)), `\d+`) + "$"
		if strings.Contains(line, "99 %") {
			row = `(?m)^\| a call, median / 99 % \| \d+ / \d+ ms \| \d+ / \d+ ms \|$`
		}
		if !regexp.MustCompile(row).MatchString(table) {
			t.Errorf("the README has no row like %q", line)
		}
	}
	if !regexp.MustCompile(`\| orders sent \| 2000 \| 2000 \|`).MatchString(table) ||
		!regexp.MustCompile(`\| \*\*[1-9]\d*\*\* \| \*\*0\*\* \|`).MatchString(table) {
		t.Errorf("the README's table is not one of 2000 orders, too many executions without and none with:\n%s", table)
	}
}
