package promtest

import (
	"encoding/json"
	"strings"
	"testing"
)

// Query is one of a dashboard.
type Query struct {
	Panel string // its title
	Expr  string
}

// variables are those that Grafana fills in: all services, and a time with several scrapes.
var variables = strings.NewReplacer("$service", ".*", "$__rate_interval", "1m")

// Queries returns the queries of a dashboard for Grafana in the order of its panels, with the
// variables service and __rate_interval filled in. It fails the test when the dashboard is no
// JSON, has none, or has another variable.
func Queries(t testing.TB, dashboard []byte) []Query {
	t.Helper()
	var d struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(dashboard, &d); err != nil {
		t.Fatalf("promtest: dashboard: %v", err)
	}
	var queries []Query
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			expr := variables.Replace(target.Expr)
			if strings.Contains(expr, "$") {
				t.Errorf("promtest: %s: unknown variable in %s", p.Title, target.Expr)
			}
			queries = append(queries, Query{p.Title, expr})
		}
	}
	if len(queries) == 0 {
		t.Fatal("promtest: the dashboard asks nothing")
	}
	return queries
}
