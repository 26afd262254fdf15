package otelprom_test

import (
	"encoding/json"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/goaroundhq/goaround/otel/otelprom"
	"github.com/goaroundhq/goaround/otel/otelprom/promtest"
)

// keysLost is the rule that holds only while no duplicate is prevented.
const keysLost = "GoaroundNoDuplicatePrevented"

// A Prometheus that reads from a service on a bad day has an answer to every query of the
// dashboard, and would fire every rule.
func TestQueriesResolve(t *testing.T) {
	t.Parallel()
	m := newMetrics(t)
	s := httptest.NewServer(m)
	t.Cleanup(s.Close)
	p := promtest.Start(t, s.Listener.Addr().String(), otelprom.Rules())
	rules, err := p.Rules(t.Context())
	if err != nil || len(rules) < 8 {
		t.Fatalf("prometheus has only the rules %v, %v", rules, err)
	}
	b := newBadDay(t, m)

	stop := b.live(b.keysGetLost)
	for _, r := range rules {
		if r.Name == keysLost {
			p.Resolves(t, r.Expr)
		}
	}
	stop()

	defer b.live(b.everythingFails)()
	for _, r := range rules {
		if r.Name != keysLost {
			p.Resolves(t, r.Expr)
		}
	}
	var queries strings.Builder
	for _, query := range promtest.Queries(t, otelprom.Dashboard()) {
		p.Resolves(t, query.Expr)
		queries.WriteString(query.Expr + "\n")
	}
	allShown(t, scrape(t, m, "text/plain"), queries.String())
}

// allShown fails when something is measured that the dashboard does not show.
func allShown(t *testing.T, metrics, queries string) {
	t.Helper()
	families := regexp.MustCompile(`(?m)^# TYPE ((?:retry|idempotency|admission|slot|skew)_\w+)`).FindAllStringSubmatch(metrics, -1)
	if len(families) < 20 {
		t.Errorf("only %d families are measured", len(families))
	}
	for _, f := range families {
		if !strings.Contains(queries, f[1]) {
			t.Errorf("no panel shows %s", f[1])
		}
	}
}

// Grafana tells panels apart by their numbers.
func TestPanelsHaveNumbersOfTheirOwn(t *testing.T) {
	t.Parallel()
	var dashboard struct {
		Panels []struct {
			ID    int
			Title string
		}
	}
	if err := json.Unmarshal(otelprom.Dashboard(), &dashboard); err != nil {
		t.Fatal(err)
	}
	ids := map[int]string{}
	for _, p := range dashboard.Panels {
		if other, ok := ids[p.ID]; ok {
			t.Errorf("%q and %q have the number %d", other, p.Title, p.ID)
		}
		ids[p.ID] = p.Title
	}
}
