package main

import "strings"

// room is what one command of the benchmarks measures.
type room struct {
	folder string // of the command, and of its RESULTS.md
	steps  []step
}

// step is one run of the command.
type step struct {
	args   []string
	output string // file that keeps what it prints, where it does not write one itself
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
	{folder: "faults", steps: []step{
		strike("at-most-once", "redis-aof", "all"),
		strike("at-most-once", "redis", "all"),
		strike("at-most-once", "sentinel", "all"),
		strike("at-most-once", "cluster", "all"),
		strike("at-most-once", "sql", "all"),
		strike("at-least-once", "redis-aof", "all"),
		strike("exactly-once", "sql", "all"),
		// What is not promised is measured: how much Redis forgets.
		strike("at-most-once", "redis", "redis-empty"),
		strike("at-most-once", "sentinel", "failover"),
		strike("at-most-once", "sentinel", "failover", "-replicas", "1"),
		// The clients' own Redis is away for a minute, and no call may fail for it.
		{args: []string{"./faults", "-calls", "20000", "-rate", "200", "-nemesis", "pacer-gone", "-outage", "60s", "-write", "faults"}},
	}},
}

// strike is a run of faults that is long enough for each nemesis to strike several times.
func strike(guarantee, store, nemeses string, more ...string) step {
	return step{args: append([]string{"./faults", "-calls", "100000", "-guarantee", guarantee, "-store", store,
		"-nemesis", nemeses, "-write", "faults"}, more...)}
}
