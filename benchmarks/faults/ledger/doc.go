// Package ledger counts effects, outside of the system under test. It lives in the process
// that no fault reaches, listens on a Unix socket, and writes down what it is told before
// it answers. It refuses nothing and makes nothing unique: a key that has an effect twice
// is there twice.
package ledger
