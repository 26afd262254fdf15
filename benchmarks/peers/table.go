package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// caseNames are in the order of the tables.
var caseNames = []string{caseGET, casePOST, caseRetry, caseLarge, caseLargeTwo, caseUpload, caseNetGET, caseNetPUT}

// write prints everything as Markdown.
func (r *results) write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Measured %s with %s on %s.\n", r.Date, r.Go, r.Machine)
	r.writeBars(&b)
	for _, name := range caseNames {
		r.writeCosts(&b, name)
	}
	r.writeCrowds(&b)
	r.writeOutages(&b)
	r.writeRules(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *results) writeBars(b *strings.Builder) {
	b.WriteString("\n## Bars\n\n| what goaround | | measured | at most | |\n|---|---|---:|---:|---|\n")
	for _, bar := range r.Bars {
		verdict := "kept"
		if !bar.Kept {
			verdict = "MISSED"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", bar.Name, bar.Unit, figure(bar.Measured), figure(bar.Most), verdict)
	}
}

// writeCosts prints a case, with the ratio of the times to ours.
func (r *results) writeCosts(b *strings.Builder, name string) {
	fmt.Fprintf(b, "\n## %s\n\n| | ns, least | median | of goaround | bytes | allocations |\n|---|---:|---:|---:|---:|---:|\n", name)
	own := r.cost(name, ours)
	for _, c := range r.Costs {
		if c.Case == name {
			fmt.Fprintf(b, "| %s | %.0f | %.0f | %.2f | %.0f | %.0f |\n",
				r.title(c.Peer), c.LeastNs, c.MedianNs, c.LeastNs/own.LeastNs, c.Bytes, c.Allocs)
		}
	}
}

func (r *results) writeCrowds(b *strings.Builder) {
	fmt.Fprintf(b, "\n## %d callers at once, GET over loopback\n\n| | ns a call, least | median | of goaround | connections opened |\n|---|---:|---:|---:|---:|\n", r.Crowds[0].Callers)
	own := r.Crowds[slices.IndexFunc(r.Crowds, func(c crowd) bool { return c.Peer == ours })]
	for _, c := range r.Crowds {
		fmt.Fprintf(b, "| %s | %.0f | %.0f | %.2f | %d |\n", r.title(c.Peer), c.LeastNs, c.MedianNs, c.LeastNs/own.LeastNs, c.Connections)
	}
}

func (r *results) writeOutages(b *strings.Builder) {
	fmt.Fprintf(b, "\n## %d calls to a server that answers 503, by %d callers\n\n| | requests sent | connections opened | goroutines left |\n|---|---:|---:|---:|\n",
		r.Outages[0].Calls, r.Outages[0].Callers)
	for _, o := range r.Outages {
		fmt.Fprintf(b, "| %s | %d | %d | %d |\n", r.title(o.Peer), o.Requests, o.Connections, o.Goroutines)
	}
}

// writeRules prints the rules that somebody breaks. One that is broken over HTTP/1.1 and
// HTTP/2 has one line.
func (r *results) writeRules(b *strings.Builder) {
	b.WriteString("\n## Rules of http.RoundTripper that are broken, by their names in transport/transporttest\n\n| |")
	for _, v := range r.Rules {
		fmt.Fprintf(b, " %s |", r.title(v.Peer))
	}
	b.WriteString("\n|---|" + strings.Repeat(":---:|", len(r.Rules)) + "\n")
	for _, rule := range r.says {
		if !slices.ContainsFunc(r.Rules, func(v verdict) bool { return v.breaks(rule.name) }) {
			continue
		}
		fmt.Fprintf(b, "| **%s**: %s |", rule.name, rule.says)
		for _, v := range r.Rules {
			mark := ""
			if v.breaks(rule.name) {
				mark = "broken"
			}
			fmt.Fprintf(b, " %s |", mark)
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(b, "| broken of %d, those over HTTP/2 counted apart |", r.Rules[0].Rules)
	for _, v := range r.Rules {
		fmt.Fprintf(b, " %d |", len(v.Broken))
	}
	b.WriteString("\n")
}

// title is a peer with its version.
func (r *results) title(peer string) string {
	return strings.TrimSpace(peer + " " + r.Versions[peer])
}

// figure is a number with as many places as it needs.
func figure(f float64) string {
	if f >= 10 || f == float64(int(f)) {
		return fmt.Sprintf("%.0f", f)
	}
	return fmt.Sprintf("%.2f", f)
}
