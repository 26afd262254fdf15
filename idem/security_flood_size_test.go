//go:build !race

package idem_test

const flood = 1_000_000
