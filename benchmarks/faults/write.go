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
	"github.com/goaroundhq/goaround/benchmarks/faults/site"
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

Written by ` + "`go run ./faults -write faults`" + `, from results.jsonl beside it, which has each run
that was made with -write, whether it kept its promises or not. A row is repeated from benchmarks/
by its flags, which are listed below. Which faults strike, whom and for how long follows from the
seed; what comes of them does not.

The package documentation says what runs and what is counted. A figure with a stroke is observed / promised; what is
not promised has a dash there. So have the duplicate effects where a nemesis makes the store forget what it had
confirmed (redis-empty: a Redis without persistence is restarted; failover: to a replica that did not have the writes
yet): no store can keep what it has lost, and the table says how often it matters.

- Given up are orders that got no answer in three calls during the storm, or no turn before their deadlines. They were
  called for again when everything was mended, so they count in all other columns and have not been tried by the
  storm: calls/s is without them, and no more than 5 % may be. Where a store forgets, that is not judged, and
  duplicate effects are those of the orders that were called for in time.
- Unknown are the orders of which the servers said so, recovered those that they found in the ledger. At most once
  cannot do without, but only a strike may cause them: the bound for both together is a quarter of the callers for
  each strike.
- Repeated are acknowledged orders that were called for once more in the end: each must get the same receipt. At
  least once may have run again where the receipt was not stored.
- Of the time beyond a deadline, that in which the client's process did not run is taken off: pauses of 25 ms and more,
  less what it used of the processors itself. What remains is a matter of the machine's load too, and the other
  columns are not.

`

// markdown is the report.
func markdown(all []result) string {
	var b strings.Builder
	b.WriteString(preface)
	b.WriteString("| date | guarantee | store | nemesis | seed | calls | given up | calls/s | acknowledged | unknown | recovered | fenced |" +
		" repeated | with another answer | effects | duplicate effects | acknowledged and lost | ms beyond the deadline | kept |\n")
	b.WriteString("|---|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|\n")
	for _, r := range all {
		if r.Guarantee == serve.Naive {
			continue
		}
		kept := "yes"
		if len(r.Broken) > 0 {
			kept = "NO: " + strings.Join(r.Broken, "; ")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %d | %d | %d | %.0f | %d | %s | %d | %d | %d | %s | %d | %s | %s | %s | %s |\n",
			r.Date.Format("2006-01-02"), r.Guarantee, r.storeName(), r.Nemesis, r.Seed, r.Calls, r.GivenUp, r.PerSecond, r.Acknowledged,
			r.against(unknown, r.Unknown), r.Recovered, r.Fenced, r.Repeated, r.against(changed, r.Changed), r.Effects,
			r.against(duplicates, r.DuplicateEffects), r.against(lost, r.LostAcknowledged), r.against(late, r.MaxBlock), kept)
	}
	b.WriteString(sum(all))
	b.WriteString(bites(all))
	b.WriteString("\n## How often which nemesis struck\n\n")
	for _, r := range all {
		fmt.Fprintf(&b, "- `%s`, in %.0f s: %s\n", r.flags(), r.Seconds, list(r.NemesisEvents))
	}
	fmt.Fprintf(&b, "\nMachine: %s. Everything shares it.\n", all[len(all)-1].Machine)
	return b.String()
}

// sum is what the runs together say of at most once over Redis.
func sum(all []result) string {
	var s result
	for _, r := range all {
		if r.Guarantee != serve.AtMostOnce || r.Store == string(site.SQL) || r.Nemesis != "all" {
			continue
		}
		s.Calls += r.Calls
		s.GivenUp += r.GivenUp
		s.Unknown += r.Unknown
		s.DuplicateEffects += r.DuplicateEffects
		s.LostAcknowledged += r.LostAcknowledged
	}
	if s.Calls == 0 {
		return ""
	}
	return fmt.Sprintf("\nAt most once over Redis under all nemeses, all rows together: %d calls, of which %d were given up and then called for"+
		" again; %d duplicate effects, %d acknowledged and lost, %d unknown.\n",
		s.Calls, s.GivenUp, s.DuplicateEffects, s.LostAcknowledged, s.Unknown)
}

// bites is what the nemeses do to servers that promise nothing.
func bites(all []result) string {
	var b strings.Builder
	for _, r := range all {
		if r.Guarantee != serve.Naive {
			continue
		}
		strikes := 0
		for _, n := range r.NemesisEvents {
			strikes += n
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %d | %d | %d |\n",
			r.Nemesis, r.Store, r.Seed, r.Calls, strikes, r.DuplicateEffects, r.FailedCalls)
	}
	if b.Len() == 0 {
		return ""
	}
	return "\n## What they do without the middleware\n\nThe same clients and faults with servers that promise nothing:\n\n" +
		"| nemesis | store | seed | calls | strikes | duplicate effects | failed calls |\n|---|---|--:|--:|--:|--:|--:|\n" + b.String()
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
