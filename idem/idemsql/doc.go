// Package idemsql keeps the records of idempotent operations in an SQL database, through
// database/sql and whatever driver the application has.
//
//	db, err := sql.Open("pgx", url)              // import _ "github.com/jackc/pgx/v5/stdlib"
//	store := idemsql.New(db, idemsql.PostgreSQL) // or SQLite
//	err = store.Migrate(ctx)                     // makes the table, once
//	go store.Run(ctx, time.Minute, nil)          // removes what has expired
//	guard := idem.NewGuard(store)                // for idem.Do; server.New takes the store
//
// It is the store for those who have a database anyway, and the only one with which an
// operation can happen exactly once.
//
// # Exactly once
//
// A store beside the application's data can promise at most once, or at least once, but
// not both: between the effect and the note that it happened the process may die. In the
// same database the two are one transaction. [Do] is for jobs and messages:
//
//	guard := idem.NewGuard(store, idem.WithGuarantee(idem.AtLeastOnce))
//	receipt, err := idemsql.Do(ctx, guard, op, func(ctx context.Context, tx *sql.Tx) (Receipt, error) {
//		return charge(ctx, tx, order) // all of it through tx
//	})
//
// and HTTP handlers get the same from the option WithTransactions of the server package. What
// happens is:
//
//	claim     its own short transaction: duplicates see "pending" from here on
//	begin
//	effect    by the application, in the transaction
//	complete  the record becomes done in the same transaction, if the claim is still its owner's
//	commit    effect and record are there, or neither
//
// Whatever dies on the way, before the commit there is no effect, and after it there is the
// record. A claim whose owner died is taken over when its lease is over; should the owner
// be alive after all, its complete fails with [idem.ErrFenced] and its effect is rolled
// back. When the answer to the commit is lost, releasing the claim tells what became of
// it: the release waits for the lock on the row, which the transaction holds until its fate
// is decided.
//
// The promise ends where the transaction does. A call to another service is not rolled
// back; give it a key of its own with [idem.DownstreamKey]. And it ends with the lifetime
// of the record, after which the key is forgotten.
//
// # What it costs
//
// In round trips to PostgreSQL: one to claim, one to complete; one for a repetition, which
// is answered without a lock and without a write. A renewal of the lease, every third of it,
// is one more. Do adds the BEGIN and the COMMIT to the statements of the operation, and
// keeps a connection for as long as that runs, besides those that claims and renewals need
// for a moment: let the pool have more connections than operations that run at once.
//
// Each claim and each completion is a commit of its own, and so a write to the disk, unless
// synchronous_commit is off: then a crash of the server may forget the claims of its last
// moments, and with them the promise.
//
// # Clocks
//
// Leases and lifetimes are decided by the database's clock, so those of its clients do not
// matter. SQLite's is that of the process, in milliseconds. When the clock steps, leases and
// lifetimes step with it; fences grow all the same, as long as the row is there. When it was
// removed, the clock alone makes the next one higher: on SQLite two may be equal when a row
// is purged and its key claimed again within a millisecond.
//
// # Sweeping
//
// A row that has expired counts as absent, and stays until [Store.Sweep] removes it.
// [Store.Run] does that at an interval, in one process or in all of them: they pass over
// each other's rows. No claim removes anything by the way, which would cost each of them.
//
// # Isolation
//
// Transactions of the default level of PostgreSQL, READ COMMITTED, see the row of their
// claim as it is. Those of REPEATABLE READ and SERIALIZABLE see it as it was when they
// began, and fail with a serialization failure (SQLSTATE 40001) when its lease was renewed
// since: nothing of them remains, and the key is free. Take a lease of more than three
// times as long as such operations run, and call again when they fail for reasons of their
// own.
//
// Let the server notice clients that have vanished without a word, for their transactions
// hold the row until it does: tcp_keepalives_idle, and idle_in_transaction_session_timeout.
// The store needs the primary; of what a replica has not received when it is promoted,
// nobody knows any more.
//
// # PgBouncer
//
// Behind a pooler that gives each transaction another connection (pool_mode=transaction),
// the statements that pgx prepares by default are missing, or are there already (SQLSTATE
// 42P05). Add default_query_exec_mode=cache_describe to the URL, or describe_exec, exec or
// simple_protocol. The store keeps nothing in a session that the next transaction needs.
//
// # SQLite
//
// There is one writer at a time, and an operation of [Do] is one while it runs: others
// wait for it, also to claim and to renew, and give up when their time is over. Repetitions
// do not wait. Take a lease longer than any such operation, and open the file with
//
//	file:shop.db?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_txlock=immediate
//
// (for modernc.org/sqlite). Leave synchronous at FULL, its default: with NORMAL, which is often
// recommended beside WAL, a power cut takes back the last commits, and with them claims and
// effects that were acknowledged. Without busy_timeout a writer that is in the way is an error
// after about half a second; without _txlock=immediate a transaction that has read before
// it writes fails when somebody else has written in between. A pool of a few connections
// queues writers in their order, which the file does not; with SetMaxOpenConns(1)
// everything waits for an operation of Do, repetitions too.
//
// With ":memory:" each connection of the pool is a database of its own, and those after the
// first have no table: use a file, or SetMaxOpenConns(1).
//
// # Databases and drivers
//
// The tests run on PostgreSQL 15 through pgx and on SQLite through modernc.org/sqlite.
// Nothing depends on the driver but the texts of SQLite's errors and, for PostgreSQL's,
// the method SQLState, which the errors of pgx and of lib/pq have.
package idemsql
