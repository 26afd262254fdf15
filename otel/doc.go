// Package otel will report what goaround does through OpenTelemetry.
//
// It is the roof of the house: it may import every other package, and none imports it.
// Each of them reports through a small Observer of its own, a struct of functions that
// cost nothing when they are nil:
//
//	transport.WithObserver    attempts, their verdicts and waits
//	server.WithObserver       how requests were answered
//	idem.WithGuardObserver    claims, renewals and endings
//
// The instruments and spans that fill these observers are not here yet; until they are,
// fill them yourself. What is here is the test that keeps the imports of all packages
// pointing one way.
//
// A main package that imports this one and go.opentelemetry.io/otel needs a name for one
// of them; the examples use goaroundotel for this one.
package otel
