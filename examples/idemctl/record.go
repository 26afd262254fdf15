package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/goaroundhq/goaround/idem"
)

// record is how a record is written as JSON.
type record struct {
	ID        string  `json:"id"`
	State     string  `json:"state"`
	Attempt   uint32  `json:"attempt"`
	Fence     uint64  `json:"fence"`
	Age       float64 `json:"age_seconds"`
	LeaseLeft float64 `json:"lease_left_seconds"`
	ExpiresIn float64 `json:"expires_in_seconds"`
	Size      int     `json:"size_bytes"`
	Reason    string  `json:"reason,omitempty"`
}

func writeJSON(w io.Writer, i idem.Info) error {
	return json.NewEncoder(w).Encode(record{
		i.ID.String(), i.State.String(), i.Attempt, i.Fence,
		i.Age.Seconds(), i.LeaseLeft.Seconds(), i.ExpiresIn.Seconds(), i.Size, i.Reason,
	})
}

// writeTable writes a record a line.
func writeTable(w io.Writer, infos []idem.Info) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tSTATE\tATTEMPT\tFENCE\tAGE\tLEASE LEFT\tEXPIRES IN\tBYTES\tREASON")
	for _, i := range infos {
		fmt.Fprintf(table, "%v\t%v\t%d\t%d\t%s\t%s\t%s\t%d\t%s\n", i.ID, i.State, i.Attempt, i.Fence,
			rounded(i.Age), rounded(i.LeaseLeft), rounded(i.ExpiresIn), i.Size, printable(i.Reason))
	}
	return table.Flush()
}

// writeRecord writes all there is to know about one record.
func writeRecord(w io.Writer, i idem.Info) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "id\t%v\nstate\t%v\n", i.ID, i.State)
	if i.State != idem.Absent {
		fmt.Fprintf(table, "attempt\t%d\nfence\t%d\nage\t%s\nlease left\t%s\nexpires in\t%s\nsize\t%d bytes\nreason\t%s\n",
			i.Attempt, i.Fence, rounded(i.Age), rounded(i.LeaseLeft), rounded(i.ExpiresIn), i.Size, printable(i.Reason))
	}
	return table.Flush()
}

// rounded is a duration for people.
func rounded(d time.Duration) string {
	switch {
	case d <= 0:
		return "-"
	case d < time.Minute:
		return max(d.Round(100*time.Millisecond), 100*time.Millisecond).String()
	default:
		return d.Round(time.Second).String()
	}
}

// printable is text that does nothing to a terminal or a table. Reasons are the errors of
// operations, and may have in them what a client sent.
func printable(s string) string {
	if s == "" {
		return "-"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}
