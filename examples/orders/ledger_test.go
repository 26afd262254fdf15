package main

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
)

func TestReadTally(t *testing.T) {
	for name, test := range map[string]struct {
		file                string
		effects, duplicates int
		bad                 string
	}{
		"empty":             {},
		"one":               {file: "a receipt-1\n", effects: 1},
		"no last newline":   {file: "a receipt-1\nb receipt-2", effects: 2},
		"twice":             {file: "a receipt-1\nb receipt-2\na receipt-3\n", effects: 3, duplicates: 1},
		"three times":       {file: "a 1\na 2\na 3\nb 4\n", effects: 4, duplicates: 2},
		"two orders twice":  {file: "a 1\nb 2\nb 3\na 4\n", effects: 4, duplicates: 2},
		"torn line":         {file: "a receipt-1\nb", bad: "line 2"},
		"line without name": {file: " receipt-1\n", bad: "line 1"},
		"blank line":        {file: "a 1\n\nb 2\n", bad: "line 2"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readTally(strings.NewReader(test.file))
			if test.bad != "" {
				if err == nil || !strings.Contains(err.Error(), test.bad) {
					t.Fatalf("error %v, want one about %s", err, test.bad)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.effects() != test.effects || got.duplicates() != test.duplicates {
				t.Errorf("%d effects, %d duplicates; want %d and %d",
					got.effects(), got.duplicates(), test.effects, test.duplicates)
			}
		})
	}
}

func TestTemporaryLedger(t *testing.T) {
	l, err := openLedger("")
	if err != nil {
		t.Fatal(err)
	}
	for i, order := range []string{"a", "b", "a"} {
		if receipt, err := l.append(order); err != nil || receipt != i+1 {
			t.Errorf("append = %d, %v; want receipt %d", receipt, err, i+1)
		}
	}
	got, err := l.readBack()
	if err != nil || got["a"] != 2 || got["b"] != 1 || len(got) != 2 {
		t.Errorf("readBack = %v, %v; want a twice and b once", got, err)
	}
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(l.file.Name()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the temporary file is still there (%v)", err)
	}
}
