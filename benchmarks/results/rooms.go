package main

import (
	"slices"
	"strconv"
	"strings"
)

// room is what one command of the benchmarks measures.
type room struct {
	folder  string // of the command, and of its RESULTS.md
	records string // file to which each step adds, and which begins anew
	steps   []step
}

// step is one run of the command.
type step struct {
	args   []string
	output string // file that keeps what it prints, where it does not write one itself
	breaks bool   // it shows what promises are worth, by breaking them
}

// String is the step as it is typed in the folder benchmarks.
func (s step) String() string { return "go run " + strings.Join(s.args, " ") }

var rooms = []room{
	{folder: "bars", steps: []step{{args: []string{"./bars", "-write"}}}},
	{folder: "peers", steps: []step{{args: []string{"./peers", "-write"}}}},
	{folder: "herd", steps: []step{
		{args: []string{"./herd", "-full", "-write", "herd"}},
		{args: []string{"./herd", "-real", "-write", "herd"}},
		{args: []string{"./herd", "-bars"}, output: "bars.txt"},
	}},
	{folder: "load", steps: []step{{args: []string{"./load", "-for", "5m", "-write"}}}},
	{folder: "faults", records: "results.jsonl", steps: slices.Concat([]step{
		// A million calls that land once at most, in the kinds of Redis that there are.
		strike("redis-aof", "at-most-once", "all", 200000, 101, "-callers", "32"),
		strike("redis", "at-most-once", "all", 300000, 102, "-callers", "32"),
		strike("cluster", "at-most-once", "all", 200000, 103, "-callers", "32"),
		strike("sentinel", "at-most-once", "all", 300000, 104, "-callers", "32"),
		strike("sql", "exactly-once", "all", 35000, 105),
		strike("sql", "exactly-once", "cut-store,lost-reply,store-kill", 10000, 106),
		strike("sql", "at-most-once", "all", 30000, 107, "-rate", "250"),
		strike("redis-aof", "at-least-once", "all", 80000, 108, "-callers", "32"),
		// What is not promised is measured: how much Redis forgets.
		strike("redis", "at-most-once", "redis-empty", 5000, 109),
		strike("sentinel", "at-most-once", "failover", 6000, 110, "-rate", "25"),
		strike("sentinel", "at-most-once", "failover", 1200, 111, "-rate", "5", "-replicas", "1"),
		// The clients' own Redis is away for a minute, and no call may fail for it.
		strike("redis", "at-most-once", "pacer-gone", 20000, 112, "-rate", "200", "-outage", "60s"),
	}, withoutMiddleware("server-kill", "server-stop", "client-kill", "client-stop", "cut-client", "slow-client", "lost-response"))},
}

// strike is a run of faults that is long enough for each nemesis to strike several times.
func strike(store, guarantee, nemeses string, calls, seed int, more ...string) step {
	return step{args: append([]string{"./faults", "-store", store, "-guarantee", guarantee, "-nemesis", nemeses,
		"-calls", strconv.Itoa(calls), "-seed", strconv.Itoa(seed), "-write", "faults"}, more...)}
}

// withoutMiddleware shows that each nemesis bites.
func withoutMiddleware(nemeses ...string) []step {
	var steps []step
	for _, n := range nemeses {
		args := []string{"./faults", "-naive", "-nemesis", n, "-calls", "8000", "-rate", "800", "-write", "faults"}
		steps = append(steps, step{args: args, breaks: true})
	}
	return steps
}
