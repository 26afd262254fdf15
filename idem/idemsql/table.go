package idemsql

import "strings"

// maxIdentifier leaves room for the names that are made from it: PostgreSQL cuts
// identifiers at 63 bytes.
const maxIdentifier = 48

// table is the name of a table, both parts of it checked.
type table struct {
	schema string // "" for the one that the database finds
	name   string
}

// parseTable accepts "name" and "schema.name" of letters, digits and underscores.
func parseTable(s string) (t table, ok bool) {
	schema, name, qualified := strings.Cut(s, ".")
	if !qualified {
		return table{name: s}, identifier(s)
	}
	return table{schema: schema, name: name}, identifier(schema) && identifier(name)
}

func identifier(s string) bool {
	if s == "" || len(s) > maxIdentifier || s[0] >= '0' && s[0] <= '9' {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) < 0
}

// with is the table whose name has the suffix.
func (t table) with(suffix string) table { return table{t.schema, t.name + suffix} }

// String is the name as it is written in SQL.
func (t table) String() string {
	if t.schema == "" {
		return t.bare()
	}
	return `"` + t.schema + `".` + t.bare()
}

// bare is the name without its schema.
func (t table) bare() string { return `"` + t.name + `"` }
