package report

import (
	"fmt"
	"io"
	"strings"
)

// Losses writes, as a list in Markdown, the cases in which rivals do better than the
// strategy of that name: serve more callers, or as many sooner.
func Losses(w io.Writer, sections []Section, name string) error {
	var lines []string
	for _, s := range sections {
		own, ok := find(s.Rows, name)
		if !ok {
			continue
		}
		var better []string
		for _, r := range s.Rows {
			if !r.Ours && beats(r, own) {
				better = append(better, fmt.Sprintf("%s (%.1f %%, %s)", r.Name, r.DonePercent, Number(r.DrainOverIdeal)))
			}
		}
		if len(better) > 0 {
			lines = append(lines, fmt.Sprintf("- %s (%.1f %%, %s): %s\n", s.Case, own.DonePercent, Number(own.DrainOverIdeal), strings.Join(better, ", ")))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "Where rivals serve more callers than \"%s\", or the last of them sooner (callers served, drain/ideal):\n\n%s\n", name, strings.Join(lines, ""))
	return err
}

func find(rows []Row, name string) (Row, bool) {
	for _, r := range rows {
		if r.Name == name {
			return r, true
		}
	}
	return Row{}, false
}

// beats is whether a did better than b, by more than a digit that is not shown.
func beats(a, b Row) bool {
	switch {
	case a.DonePercent != b.DonePercent:
		return a.DonePercent > b.DonePercent
	case a.DrainOverIdeal == nil || b.DrainOverIdeal == nil:
		return a.DrainOverIdeal != nil
	default:
		return *a.DrainOverIdeal < *b.DrainOverIdeal-0.005
	}
}
