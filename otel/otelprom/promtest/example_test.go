package promtest_test

import (
	"net/http/httptest"
	"testing"

	"github.com/goaroundhq/goaround/otel/otelprom"
	"github.com/goaroundhq/goaround/otel/otelprom/promtest"
)

// A test that finds out whether the alerts and the panels of a dashboard have an answer.
func ExampleStart() {
	var t *testing.T // of your test
	metrics, err := otelprom.New()
	if err != nil {
		t.Fatal(err)
	}
	service := httptest.NewServer(metrics) // with what your program measures
	defer service.Close()

	prometheus := promtest.Start(t, service.Listener.Addr().String(), otelprom.Rules())
	prometheus.RulesEvaluate(t)
	for _, query := range promtest.Queries(t, otelprom.Dashboard()) {
		prometheus.Resolves(t, query.Expr)
	}
}
