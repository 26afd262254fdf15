package main

import (
	"context"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/otel/otelprom"
	"github.com/goaroundhq/goaround/otel/otelprom/promtest"
)

// notHere are the metrics of what this program does not do, or of what does not happen to it:
// it bounds and hedges nothing, downloads nothing, has no budget to show, works for less time
// than it takes to renew a lease, waits for nobody who runs an order already, and its stores are
// its own memory, which is always there.
var notHere = []string{
	"admission_", "retry_hedges_", "retry_resumes_", "retry_budget_", "idempotency_renewals_",
	"idempotency_inflight_", `error_type!=""`, "slot_recoveries_", "slot_notice_failures_",
}

// A Prometheus that reads from the running program, in which the service is down for a while,
// has an answer to every query of the dashboard, and can evaluate every alert.
func TestDashboardOfARun(t *testing.T) {
	t.Parallel()
	c := small(t)
	c.calls, c.clients, c.metrics = 7500, 8, "127.0.0.1:0" // it is interrupted
	c.outage = time.Second
	l := listener{make(chan string, 10)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		r, err := run(ctx, c, l)
		if err == nil && !r.Interrupted {
			err = errors.New("the run was over too soon")
		}
		ended <- err
	}()
	p := promtest.Start(t, address(t, l), otelprom.Rules())
	l.wait(t, "outage ends")
	for _, query := range promtest.Queries(t, otelprom.Dashboard()) {
		if !measured(query.Expr) {
			if found, err := p.Series(t.Context(), query.Expr); found > 0 || err != nil {
				t.Errorf("%s: %d series, %v: want none", query.Panel, found, err)
			}
			continue
		}
		p.Resolves(t, query.Expr)
	}
	p.RulesEvaluate(t)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// measured reports whether the program has what a query asks for.
func measured(query string) bool {
	return !slices.ContainsFunc(notHere, func(family string) bool { return strings.Contains(query, family) })
}

// address is where the metrics are, as the program says.
func address(t *testing.T, l listener) string {
	t.Helper()
	shown := regexp.MustCompile(`http://\S+`).FindString(l.wait(t, "metrics on"))
	metrics, err := url.Parse(shown)
	if err != nil || metrics.Host == "" {
		t.Fatalf("metrics on %q: %v", shown, err)
	}
	return metrics.Host
}

// wait returns the next line that has the words in it.
func (l listener) wait(t *testing.T, words string) string {
	t.Helper()
	late := time.After(promtest.Patience)
	for {
		select {
		case line := <-l.said:
			if strings.Contains(line, words) {
				return line
			}
		case <-late:
			t.Fatalf("the program does not say %q", words)
		}
	}
}
