//go:build race

package idem_test

// flood is less than a million because the race detector makes each claim slower.
const flood = 150_000
