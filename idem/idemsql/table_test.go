package idemsql_test

import (
	"strings"
	"testing"

	"github.com/goaroundhq/goaround/idem/idemsql"
)

func TestNamesOfTables(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{
		"idem_records":          true,
		"Records_2":             true,
		"billing.idem_records":  true,
		strings.Repeat("x", 48): true,
		strings.Repeat("x", 49): false,
		"":                      false,
		"2records":              false,
		"a.b.c":                 false,
		".records":              false,
		"billing.":              false,
		"records; --":           false,
		`"records"`:             false,
		"räcords":               false,
		"records\x00":           false,
	} {
		accepted := !panics(func() { idemsql.WithTable(name) })
		if accepted != ok {
			t.Errorf("%q: accepted = %v", name, accepted)
		}
	}
}

func panics(f func()) (panicked bool) {
	defer func() { panicked = recover() != nil }()
	f()
	return false
}

// A name that is accepted stands in the SQL as it is, between quotes.
func FuzzTable(f *testing.F) {
	for _, seed := range []string{"idem_records", "a.b", `a"b`, "a b", "a;b", "a.b.c", "$1", "{now}", "\x00", "é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if panics(func() { idemsql.WithTable(name) }) {
			return
		}
		if strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") != "" {
			t.Fatalf("accepted %q", name)
		}
		quoted := `"` + strings.ReplaceAll(name, ".", `"."`) + `"`
		for _, d := range []idemsql.Dialect{idemsql.PostgreSQL, idemsql.SQLite} {
			if text := d.Schema(name)[0]; !strings.Contains(text, "CREATE TABLE IF NOT EXISTS "+quoted+" (") {
				t.Errorf("%s", text)
			}
		}
	})
}
