package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"

	_ "modernc.org/sqlite"

	"github.com/goaroundhq/goaround/idem/idemsql"
	"github.com/goaroundhq/goaround/server"
)

// bank has the accounts and the records of the requests in one database.
type bank struct {
	db    *sql.DB
	store server.TxStore
}

func open(ctx context.Context, file string) (*bank, error) {
	// FULL writes each commit to the disk before it is acknowledged. With NORMAL, in WAL mode, a
	// power cut takes back the last transfers, whose clients were told that they were paid.
	db, err := sql.Open("sqlite", "file:"+file+
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	store := idemsql.New(db, idemsql.SQLite)
	if err := store.Migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	_, err = db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS accounts (owner TEXT PRIMARY KEY, cents INTEGER NOT NULL);
		INSERT INTO accounts VALUES ('ada', 10000), ('grace', 0) ON CONFLICT DO NOTHING`)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &bank{db, store}, nil
}

// errRefused: the transfer is not possible.
var errRefused = errors.New("transfer refused")

// move takes from one account and gives to the other. When it fails half is done, which
// is for the caller to undo.
func move(ctx context.Context, tx *sql.Tx, from, to string, cents int) error {
	if cents <= 0 || from == to {
		return fmt.Errorf("%w: how much, to whom?", errRefused)
	}
	if err := change(ctx, tx, from, -cents); err != nil {
		return err
	}
	return change(ctx, tx, to, cents)
}

func change(ctx context.Context, tx *sql.Tx, owner string, cents int) error {
	result, err := tx.ExecContext(ctx,
		`UPDATE accounts SET cents = cents + ?1 WHERE owner = ?2 AND cents + ?1 >= 0`, cents, owner)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return fmt.Errorf("%w: no such account, or not enough in it", errRefused)
}

func (b *bank) accounts(w http.ResponseWriter, r *http.Request) {
	var all string
	err := b.db.QueryRowContext(r.Context(),
		`SELECT group_concat(owner || ' ' || cents, ', ' ORDER BY owner) FROM accounts`).Scan(&all)
	if err != nil {
		http.Error(w, "no accounts", http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, all)
}
