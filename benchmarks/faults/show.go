package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// show prints the result and, when it is wanted, adds it to the others.
func (r result) show(c config, w io.Writer) error {
	if c.write != "" {
		if err := keep(c.write, r); err != nil {
			return err
		}
	}
	if c.json {
		text, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%s\n", text)
		return err
	}
	return r.table(w)
}

// table is the result for people.
func (r result) table(w io.Writer) error {
	var b strings.Builder
	row := func(name string, value any, note string) {
		line := fmt.Sprintf("  %-20s  %8v   %s", name, value, note)
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	fmt.Fprintf(&b, "%s over %s, seed %d, nemesis %s\n\n", r.Guarantee, r.Store, r.Seed, r.Nemesis)
	row("calls", r.Calls, fmt.Sprintf("%.0f in a second, %d attempts", r.PerSecond, r.Attempts))
	row("acknowledged", r.Acknowledged, "with a receipt")
	row("unknown", r.Unknown, "as the servers said")
	row("failed calls", r.FailedCalls, "no answer before the deadline, or one that says to come again")
	row("given up", r.GivenUp, "orders, after three failed calls; called for again in the end")
	row("repeated", r.Repeated, fmt.Sprintf("acknowledged orders, in the end; %d were answered otherwise", r.Changed))
	row("effects", r.Effects, "in the ledger")
	row("duplicate effects", r.DuplicateEffects, "beyond one for each order")
	row("lost acknowledged", r.LostAcknowledged, "the receipt's run is not in the ledger")
	row("fenced", r.Fenced, "runs that were overtaken")
	row("recovered", r.Recovered, "unknown outcomes that the ledger knew")
	row("max block", fmt.Sprintf("%.1f ms", r.MaxBlock), "beyond a call's deadline, while its process ran")
	fmt.Fprintf(&b, "\n  struck: %s\n", list(r.NemesisEvents))
	if len(r.Reasons) > 0 {
		fmt.Fprintf(&b, "  failed calls: %s\n", list(r.Reasons))
	}
	for _, answer := range r.WrongAnswers {
		fmt.Fprintf(&b, "  wrong: %s\n", answer)
	}
	b.WriteString(r.verdict())
	_, err := io.WriteString(w, b.String())
	return err
}

func list(counts map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return strings.Join(parts, ", ")
}

// verdict says what the figures mean.
func (r result) verdict() string {
	if len(r.Broken) > 0 {
		return "\nBROKEN: " + strings.Join(r.Broken, "; ") + "\n"
	}
	return "\nAll promises were kept.\n"
}
