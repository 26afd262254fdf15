package promtest_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/goaroundhq/goaround/otel/otelprom/promtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const rules = `
groups:
  - name: test
    rules:
      - {alert: Orders, expr: orders > 3}
`

func TestServer(t *testing.T) {
	t.Parallel()
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "orders{kind=\"a\"} 7\norders{kind=\"b\"} NaN\n")
	}))
	t.Cleanup(shop.Close)
	p := promtest.Start(t, shop.Listener.Addr().String(), []byte(rules))
	p.Resolves(t, "orders")
	for query, want := range map[string]int{"orders": 1, "orders > 7": 0, "vector(0)": 1} {
		if got, err := p.Series(t.Context(), query); got != want || err != nil {
			t.Errorf("%s: %d series, %v; want %d", query, got, err, want)
		}
	}
	if _, err := p.Series(t.Context(), "orders >"); err == nil {
		t.Error("half a query has an answer")
	}
	p.RulesEvaluate(t)
	got, err := p.Rules(t.Context())
	if want := []promtest.Rule{{Name: "Orders", Expr: "orders > 3", Health: "ok"}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("rules %+v, %v; want %+v", got, err, want)
	}
}

func TestQueries(t *testing.T) {
	t.Parallel()
	got := promtest.Queries(t, []byte(`{"panels": [
		{"title": "a row"},
		{"title": "Orders", "targets": [{"expr": "rate(orders{service=~\"$service\"}[$__rate_interval])"}, {"expr": "up"}]}
	]}`))
	want := []promtest.Query{{"Orders", `rate(orders{service=~".*"}[1m])`}, {"Orders", "up"}}
	if !slices.Equal(got, want) {
		t.Errorf("queries %q, want %q", got, want)
	}
}

const alone = "PROMTEST_ALONE"

// What is missing or wrong fails the test. It is run in a process of its own, because a test
// cannot watch another one fail.
func TestFailures(t *testing.T) {
	t.Parallel()
	failures := map[string]struct {
		fail func()
		want string
	}{
		"no program": {func() { promtest.Start(t, "127.0.0.1:1", nil) }, "apt-get install -y prometheus"},
		"nonsense rules": {func() {
			promtest.Start(t, "127.0.0.1:1", []byte("nonsense"))
			t.Log("Start returned")
		}, "prometheus has ended before it was ready"},
		"no JSON":          {func() { promtest.Queries(t, []byte("no")) }, "dashboard"},
		"no query":         {func() { promtest.Queries(t, []byte("{}")) }, "asks nothing"},
		"unknown variable": {func() { promtest.Queries(t, []byte(`{"panels": [{"targets": [{"expr": "$x"}]}]}`)) }, "unknown variable in $x"},
	}
	if name := os.Getenv(alone); name != "" {
		failures[name].fail()
		return
	}
	for name, f := range failures {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFailures$") //nolint:gosec // this test
		cmd.Env = append(os.Environ(), alone+"="+name)
		if name == "no program" {
			cmd.Env = append(cmd.Env, "PATH=")
		}
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || !strings.Contains(string(out), f.want) || strings.Contains(string(out), "Start returned") {
			t.Errorf("%s: %v, want %q in\n%s", name, err, f.want, out)
		}
	}
}
