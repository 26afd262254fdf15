package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Section is the rows of a case.
type Section struct {
	Case  string  `json:"case"`
	Ideal float64 `json:"ideal_s"` // how long the drain had to take at least
	Rows  []Row   `json:"rows"`
}

// column is a measure as people read it.
type column struct {
	head string
	cell func(Row) string
}

var columns = []column{
	{"strategy", func(r Row) string { return r.Name }},
	{"done %", func(r Row) string { return fmt.Sprintf("%.1f", r.DonePercent) }},
	{"calls/ok", func(r Row) string { return Number(r.CallsPerSuccess) }},
	{"drain/ideal", func(r Row) string { return Number(r.DrainOverIdeal) }},
	{"worst", func(r Row) string { return Number(r.Worst.DrainOverIdeal) }},
	{"peak/C", func(r Row) string { return fmt.Sprintf("%.1f", r.PeakOverCapacity) }},
	{"worst", func(r Row) string { return fmt.Sprintf("%.1f", r.Worst.PeakOverCapacity) }},
	{"after outage", func(r Row) string { return fmt.Sprintf("%.1f", r.PeakAfterOutage) }},
	{"store/retry", func(r Row) string { return fmt.Sprintf("%.2f", r.StoresPerPaced) }},
	{"p50 s", func(r Row) string { return Number(r.P50) }},
	{"p99 s", func(r Row) string { return Number(r.P99) }},
}

// Number is a measure as text; - where it has no value.
func Number(v *float64) string {
	switch {
	case v == nil:
		return "-"
	case *v >= 1000:
		return fmt.Sprintf("%.0f", *v)
	default:
		return fmt.Sprintf("%.2f", *v)
	}
}

func heads() []string {
	var h []string
	for _, c := range columns {
		h = append(h, c.head)
	}
	return h
}

func cells(r Row) []string {
	var text []string
	for _, c := range columns {
		text = append(text, c.cell(r))
	}
	return text
}

// Text writes a section for a terminal.
func Text(w io.Writer, s Section) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "\n%s (ideal drain %.4g s)\n", s.Case, s.Ideal)
	// A tab ends a cell: without the last one, the last cell would not be aligned.
	fmt.Fprintln(t, strings.Join(heads(), "\t")+"\t")
	for _, r := range s.Rows {
		fmt.Fprintln(t, strings.Join(cells(r), "\t")+"\t")
	}
	return t.Flush()
}

// Markdown writes a section for a page.
func Markdown(w io.Writer, s Section) error {
	rule := "|---" + strings.Repeat("|--:", len(columns)-1) + "|"
	if _, err := fmt.Fprintf(w, "### %s\n\nIdeal drain %.4g s.\n\n| %s |\n%s\n", s.Case, s.Ideal, strings.Join(heads(), " | "), rule); err != nil {
		return err
	}
	for _, r := range s.Rows {
		name := r.Name
		if r.Ours {
			r.Name = "**" + name + "**"
		}
		if _, err := fmt.Fprintf(w, "| %s |\n", strings.Join(cells(r), " | ")); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w)
	return err
}

// CSV writes all sections, with the names of the JSON. What has no value is empty.
func CSV(w io.Writer, sections []Section) error {
	c := csv.NewWriter(w)
	names := []string{
		"done_percent", "calls_per_success", "drain_over_ideal", "peak_over_capacity", "peak_after_outage",
		"store_calls_per_retry", "p50_s", "p99_s",
	}
	head := append([]string{"case", "ideal_s", "name", "runs"}, names...)
	for _, n := range names {
		head = append(head, "worst_"+n)
	}
	if err := c.Write(head); err != nil {
		return err
	}
	for _, s := range sections {
		for _, r := range s.Rows {
			record := []string{s.Case, fmt.Sprint(s.Ideal), r.Name, fmt.Sprint(r.Runs)}
			record = append(record, r.record()...)
			if err := c.Write(append(record, r.Worst.record()...)); err != nil {
				return err
			}
		}
	}
	c.Flush()
	return c.Error()
}

func (v Values) record() []string {
	var record []string
	for _, p := range []*float64{
		&v.DonePercent, v.CallsPerSuccess, v.DrainOverIdeal, &v.PeakOverCapacity, &v.PeakAfterOutage,
		&v.StoresPerPaced, v.P50, v.P99,
	} {
		if p == nil {
			record = append(record, "")
		} else {
			record = append(record, fmt.Sprint(*p))
		}
	}
	return record
}

// Document is what the command prints as JSON: the rows of its first case, what was asked
// of it, and the other cases.
type Document struct {
	Kind     string         `json:"kind"`            // sim or real
	Error    string         `json:"error,omitempty"` // why there are no rows
	Settings map[string]any `json:"settings,omitempty"`
	Section
	Cases []Section `json:"cases,omitempty"`
}

// JSON writes one object.
func JSON(w io.Writer, d Document) error {
	if d.Rows == nil {
		d.Rows = []Row{}
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(d)
}
