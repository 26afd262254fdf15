// Package drivertest holds the tests of package idemsql that need a database and its
// driver, in a module of its own: idemsql itself needs only database/sql, and its users
// choose their driver. Package [pgtest] beside it runs the server.
//
// [pgtest]: https://pkg.go.dev/github.com/goaroundhq/goaround/idem/idemsql/drivertest/pgtest
package drivertest
