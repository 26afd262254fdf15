package idemseal_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemseal"
	"github.com/goaroundhq/goaround/idem/idemsql"
)

// Results that are committed with their effect are sealed as well. The store is also one for
// server.WithTransactions.
func ExampleNewTx() {
	db, err := sql.Open("pgx", "postgres://localhost/shop") // import _ "github.com/jackc/pgx/v5/stdlib"
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	secret := make([]byte, idemseal.SecretLen) // from where you keep secrets
	_, _ = rand.Read(secret)

	store := idemseal.NewTx(idemsql.New(db, idemsql.PostgreSQL), idemseal.Key{ID: 1, Secret: secret})
	guard := idem.NewGuard(store, idem.WithGuarantee(idem.AtLeastOnce))
	op := idem.Operation{Name: "charge", Scope: "customer-7", Key: "order-17"}
	receipt, err := idemsql.Do(context.Background(), guard, op, func(ctx context.Context, tx *sql.Tx) (string, error) {
		_, err := tx.ExecContext(ctx, "UPDATE accounts SET balance = balance - 5 WHERE owner = $1", "ann")
		return "receipt", err
	})
	fmt.Println(receipt, err)
}
