// Package pgtest runs a real PostgreSQL for a test: a server process of its own, in a
// temporary directory and on a free port, that can be killed, paused and started again.
//
//	server := pgtest.Start(t)
//	db, err := sql.Open("pgx", server.URL())
//
// The programs come from the system's package, whose service is not used. When they are
// missing the test fails and says what to install. PostgreSQL refuses to run as root; a
// test that does starts it as the user postgres.
package pgtest
