package otelprom_test

import (
	"encoding/json"
	"maps"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goaroundhq/goaround/otel/otelprom"
)

// queries are those of the dashboard by the titles of their panels, with its variables set.
func queries(t *testing.T) map[string][]string {
	t.Helper()
	var dashboard struct {
		Panels []struct {
			ID      int
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(otelprom.Dashboard(), &dashboard); err != nil {
		t.Fatal(err)
	}
	variables := strings.NewReplacer("$service", ".*", "$__rate_interval", "1m")
	found, ids := map[string][]string{}, map[int]bool{}
	for _, p := range dashboard.Panels {
		if ids[p.ID] {
			t.Errorf("two panels have the number %d", p.ID)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			query := variables.Replace(target.Expr)
			if strings.Contains(query, "$") {
				t.Errorf("%s: unknown variable in %s", p.Title, target.Expr)
			}
			found[p.Title] = append(found[p.Title], query)
		}
	}
	return found
}

// keysLost is the rule that holds only while no duplicate is prevented.
const keysLost = "GoaroundNoDuplicatePrevented"

// A Prometheus that reads from a service on a bad day has an answer to every query of the
// dashboard, and would fire every rule.
func TestQueriesResolve(t *testing.T) {
	t.Parallel()
	m := newMetrics(t)
	s := httptest.NewServer(m)
	t.Cleanup(s.Close)
	p := startPrometheus(t, s.Listener.Addr().String())
	rules := p.rules(t)
	if len(rules) < 8 {
		t.Fatalf("prometheus has only the rules %v", rules)
	}
	b := newBadDay(t, m)

	stop := b.live(b.keysGetLost)
	eventually(t, keysLost, func() error { return p.resolve(t.Context(), rules[keysLost]) })
	stop()
	delete(rules, keysLost)

	defer b.live(b.everythingFails)()
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		eventually(t, name, func() error { return p.resolve(t.Context(), rules[name]) })
	}
	panels := queries(t)
	for _, title := range slices.Sorted(maps.Keys(panels)) {
		for _, query := range panels[title] {
			eventually(t, title+": "+query, func() error { return p.resolve(t.Context(), query) })
		}
	}
	allShown(t, scrape(t, m, "text/plain"), panels)
}

// allShown fails when something is measured that the dashboard does not show.
func allShown(t *testing.T, metrics string, panels map[string][]string) {
	t.Helper()
	var all strings.Builder
	for _, queries := range panels {
		all.WriteString(strings.Join(queries, "\n"))
	}
	families := regexp.MustCompile(`(?m)^# TYPE ((?:retry|idempotency|admission|slot|skew)_\w+)`).FindAllStringSubmatch(metrics, -1)
	if len(families) < 20 {
		t.Errorf("only %d families are measured", len(families))
	}
	for _, f := range families {
		if !strings.Contains(all.String(), f[1]) {
			t.Errorf("no panel shows %s", f[1])
		}
	}
}
