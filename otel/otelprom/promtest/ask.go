package promtest

import (
	"context"
	"fmt"
	"net/url"
	"testing"
)

// Series returns how many series the query finds now that have a number, which 0 is and NaN is
// not. The error is that of a query that makes no sense, or of a server that does not answer.
func (s *Server) Series(ctx context.Context, query string) (int, error) {
	var answer struct {
		Data struct {
			Result []struct {
				Value [2]any `json:"value"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := s.ask(ctx, "/api/v1/query", url.Values{"query": {query}}, &answer); err != nil {
		return 0, err
	}
	found := 0
	for _, r := range answer.Data.Result {
		if r.Value[1] != "NaN" {
			found++
		}
	}
	return found, nil
}

// Resolves waits until the query finds a series, and fails the test when it finds none for as
// long as [Patience].
func (s *Server) Resolves(t testing.TB, query string) {
	t.Helper()
	eventually(t, query, func() error {
		found, err := s.Series(t.Context(), query)
		if err == nil && found == 0 {
			err = fmt.Errorf("no data")
		}
		return err
	})
}

// Rule is a rule as Prometheus has understood it.
type Rule struct {
	Name   string // of the alert
	Expr   string
	Health string // "ok" when its last evaluation went well, "unknown" before the first
	Err    string // of its last evaluation, "" for none
}

// Rules returns the rules in their order.
func (s *Server) Rules(ctx context.Context) ([]Rule, error) {
	var answer struct {
		Data struct {
			Groups []struct {
				Rules []struct{ Name, Query, Health, LastError string } `json:"rules"`
			} `json:"groups"`
		} `json:"data"`
	}
	if err := s.ask(ctx, "/api/v1/rules", nil, &answer); err != nil {
		return nil, err
	}
	var rules []Rule
	for _, g := range answer.Data.Groups {
		for _, r := range g.Rules {
			rules = append(rules, Rule{r.Name, r.Query, r.Health, r.LastError})
		}
	}
	return rules, nil
}

// RulesEvaluate waits until every rule was evaluated, and fails the test when one cannot be, or
// when there is none.
func (s *Server) RulesEvaluate(t testing.TB) {
	t.Helper()
	eventually(t, "every rule is evaluated", func() error {
		rules, err := s.Rules(t.Context())
		if err == nil && len(rules) == 0 {
			err = fmt.Errorf("there is no rule")
		}
		for _, r := range rules {
			if r.Health != "ok" {
				return fmt.Errorf("%s is %s: %s", r.Name, r.Health, r.Err)
			}
		}
		return err
	})
}
