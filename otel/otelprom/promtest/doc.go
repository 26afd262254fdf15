// Package promtest starts a real Prometheus for tests, which reads metrics from an address and
// evaluates rules, so that a test can find out whether the queries of a dashboard and of alerts
// have an answer. It is a process of its own on a free port of 127.0.0.1, keeps its files in a
// temporary directory, and ends with the test.
//
//	p := promtest.Start(t, address, otelprom.Rules())
//	p.RulesEvaluate(t)
//	for _, query := range promtest.Queries(t, otelprom.Dashboard()) {
//		p.Resolves(t, query.Expr)
//	}
//
// A machine without prometheus fails the test and says how to install it.
package promtest
