package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goaroundhq/goaround/benchmarks/faults/serve"
)

// keep adds a result to those in a folder, and writes their report anew.
func keep(folder string, r result) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	path := filepath.Join(folder, "results.jsonl")
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(append(line, '\n'))
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	all, err := results(path)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "RESULTS.md"), []byte(markdown(all)), 0o644)
}

func results(path string) ([]result, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var all []result
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r result
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, r)
	}
	return all, lines.Err()
}

const preface = `# What holds when everything breaks

Written by ` + "`go run ./faults -write faults`" + `, from results.jsonl beside it. A row is repeated from benchmarks/
by its flags, which are listed below. Which faults strike, whom and for how long follows from the seed; what comes of
them does not. A million calls, in as many runs as a machine likes:

    for seed in 1 2 3 4 5 6 7 8 9 10; do go run ./faults -store redis-aof -calls 100000 -seed $seed -write faults; done

The package documentation says what runs and what is counted. A figure with a stroke is observed / promised; what is
not promised has a dash there. So have the duplicate effects where a nemesis makes the store forget what it had
confirmed (redis-empty: a Redis without persistence is restarted; failover: to a replica that did not have the writes
yet): no store can keep what it has lost, and the table says how often it matters. Unknown are the orders of which the
servers said so; at most once cannot do without.

Of the time beyond a deadline, pauses of 25 ms and more in which the client's process did not run are taken off; with
50 ms, as it was at first, two runs of 50000 calls (at-least-once over redis, seed 11, on a machine that compiled
meanwhile) had calls that were 163 and 212 ms late and are not in the table. Three repetitions, one of them still with
50 ms, were within 36 ms. What made them late was not found out. One more call was 148 ms late (cluster, seed 3, 30000
calls, loaded machine). The bound is a matter of the machine's load as well, and the other columns are not.

`

// markdown is the report.
func markdown(all []result) string {
	var b strings.Builder
	b.WriteString(preface)
	b.WriteString("| date | guarantee | store | nemesis | seed | calls | calls/s | acknowledged | unknown | recovered | fenced | effects |" +
		" duplicate effects | acknowledged and lost | ms beyond the deadline | kept |\n")
	b.WriteString("|---|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|\n")
	for _, r := range all {
		kept := "yes"
		if len(r.Broken) > 0 {
			kept = "NO: " + strings.Join(r.Broken, "; ")
		}
		if r.Guarantee == serve.Naive { // promises nothing, and shows that the faults bite
			kept = "-"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %d | %d | %.0f | %d | %s | %d | %d | %d | %s | %s | %s | %s |\n",
			r.Date.Format("2006-01-02"), r.Guarantee, r.storeName(), r.Nemesis, r.Seed, r.Calls, r.PerSecond, r.Acknowledged,
			r.against(unknown, r.Unknown), r.Recovered, r.Fenced, r.Effects, r.against(duplicates, r.DuplicateEffects),
			r.against(lost, r.LostAcknowledged), r.against(late, r.MaxBlock), kept)
	}
	b.WriteString("\n## How often which nemesis struck\n\n")
	for _, r := range all {
		fmt.Fprintf(&b, "- `%s`, in %.0f s: %s\n", r.flags(), r.Seconds, list(r.NemesisEvents))
	}
	fmt.Fprintf(&b, "\nMachine: %s. Everything shares it.\n", all[len(all)-1].Machine)
	return b.String()
}

// flags are those that repeat a run.
func (r result) flags() string {
	text := fmt.Sprintf("-guarantee %s -store %s -nemesis %s -seed %d -calls %d", r.Guarantee, r.Store, r.Nemesis, r.Seed, r.Calls)
	if r.Guarantee == serve.Naive {
		text = strings.Replace(text, "-guarantee naive", "-naive", 1)
	}
	for _, f := range []struct {
		name  string
		value any
		given bool
	}{
		{"replicas", r.Replicas, r.Replicas > 0},
		{"rate", r.Rate, r.Rate > 0},
		{"outage", r.Outage, r.Outage > 0},
		{"deadline", r.Deadline, r.Deadline > 0},
		{"servers", r.Servers, r.Servers != defaultHosts},
		{"clients", r.Clients, r.Clients != defaultHosts},
		{"callers", r.Callers, r.Callers != defaultCallers},
	} {
		if f.given {
			text += fmt.Sprintf(" -%s %v", f.name, f.value)
		}
	}
	return text
}

func (r result) storeName() string {
	if r.Replicas > 0 {
		return fmt.Sprintf("%s, waits for %d", r.Store, r.Replicas)
	}
	return r.Store
}

// against is what was observed, and what was promised of it.
func (r result) against(what string, observed any) string {
	for _, p := range promises(r) {
		if p.what == what {
			return fmt.Sprintf("%v / %v", observed, p.bound)
		}
	}
	return fmt.Sprintf("%v / -", observed)
}
