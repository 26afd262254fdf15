package idemsql_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemsql"
)

// A store is made once per process, over the database that the application has anyway.
func ExampleNew() {
	ctx := context.Background()
	db, err := sql.Open("pgx", "postgres://localhost/shop") // import _ "github.com/jackc/pgx/v5/stdlib"
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	store := idemsql.New(db, idemsql.PostgreSQL)
	if err := store.Migrate(ctx); err != nil {
		fmt.Println(err)
		return
	}
	guard := idem.NewGuard(store)
	_ = guard // for idem.Do, or the store itself for server.New
}

// Whoever runs the process also runs the sweeping, and ends it.
func ExampleStore_Run() {
	store := idemsql.New(openDatabase(), idemsql.PostgreSQL)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		_ = store.Run(ctx, time.Minute, func(removed int64, err error) {
			if err != nil {
				slog.Warn("sweep", "removed", removed, "error", err)
			}
		})
	}()
}

// The effect of a message and the note that it was handled are committed together.
func ExampleDo() {
	store := idemsql.New(openDatabase(), idemsql.PostgreSQL)
	guard := idem.NewGuard(store, idem.WithGuarantee(idem.AtLeastOnce))
	handle := func(ctx context.Context, messageID, account string, amount int) (balance int, err error) {
		op := idem.Operation{Name: "deposit", Scope: idem.SharedScope, Key: messageID}
		return idemsql.Do(ctx, store, guard, op, func(ctx context.Context, tx *sql.Tx) (int, error) {
			var balance int
			err := tx.QueryRowContext(ctx,
				"UPDATE accounts SET balance = balance + $1 WHERE name = $2 RETURNING balance", amount, account).Scan(&balance)
			return balance, err
		})
	}
	_ = handle // for each message, however often it is delivered
}

// Those who migrate with a tool of their own write its files from this.
func ExampleDialect_Schema() {
	for version, text := range idemsql.SQLite.Schema("idem_records") {
		fmt.Println("version", version+1, len(text) > 0)
	}
	// Output: version 1 true
}

func openDatabase() *sql.DB {
	db, err := sql.Open("pgx", "postgres://localhost/shop")
	if err != nil {
		panic(err)
	}
	return db
}
