package drivertest

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemsql"
)

// A message that is delivered twice is paid in once.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "shop.db")+
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_txlock=immediate")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	ctx := context.Background()
	store := idemsql.New(db, idemsql.SQLite)
	if err := store.Migrate(ctx); err != nil {
		fmt.Println(err)
		return
	}
	if _, err := db.ExecContext(ctx, "CREATE TABLE account (balance integer); INSERT INTO account VALUES (0)"); err != nil {
		fmt.Println(err)
		return
	}
	guard := idem.NewGuard(store, idem.WithGuarantee(idem.AtLeastOnce))
	for _, messageID := range []string{"message-1", "message-2", "message-1"} {
		op := idem.Operation{Name: "deposit", Scope: idem.SharedScope, Key: messageID}
		balance, err := idemsql.Do(ctx, store, guard, op, func(ctx context.Context, tx *sql.Tx) (balance int, err error) {
			err = tx.QueryRowContext(ctx, "UPDATE account SET balance = balance + 10 RETURNING balance").Scan(&balance)
			return balance, err
		})
		fmt.Println(messageID, balance, err)
	}
	// Output:
	// message-1 10 <nil>
	// message-2 20 <nil>
	// message-1 10 <nil>
}
