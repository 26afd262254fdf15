package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goaroundhq/goaround/benchmarks/faults/serve"
)

func TestResultsAreKept(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, r := range []result{
		{Guarantee: serve.AtMostOnce, Store: "redis-aof", Nemesis: "all", Calls: 7, Seed: 4, Unknown: 3, Servers: 3, Clients: 2, Callers: 16, Rate: 5, NemesisEvents: map[string]int{"server-kill": 4}},
		{Guarantee: serve.AtMostOnce, Store: "cluster", Nemesis: "all", Calls: 10, GivenUp: 2, Unknown: 1},
		{Guarantee: serve.Naive, Store: "redis", Nemesis: "client-kill", Calls: 9, Seed: 6, DuplicateEffects: 3, FailedCalls: 2, NemesisEvents: map[string]int{"client-kill": 8}},
		{Guarantee: serve.AtMostOnce, Store: "redis", Nemesis: "redis-empty", Forgets: true, DuplicateEffects: 5},
		{Guarantee: serve.ExactlyOnce, Store: "sql", Nemesis: "all", DuplicateEffects: 2, Broken: []string{"duplicate effects: 2, promised 0"}},
	} {
		if err := keep(folder, r); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(folder, "RESULTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| 3 / - | 0 | 0 | 0 | 0 / 0 | 0 | 0 / 0 | 0 / 0 | 0 / 100 | yes |", // unknown is not promised, duplicates are
		"| 5 / - |", // of a store that forgets
		"| 2 / 0 | 0 / 0 | 0 / 100 | NO: duplicate effects: 2, promised 0 |",
		"all rows together: 17 calls, of which 2 were given up and then called for again; 0 duplicate effects, 0 acknowledged and lost, 4 unknown.",
		"| client-kill | redis | 6 | 9 | 8 | 3 | 2 |",
		"- `-guarantee at-most-once -store redis-aof -nemesis all -seed 4 -calls 7 -rate 5 -clients 2`, in 0 s: server-kill 4",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
