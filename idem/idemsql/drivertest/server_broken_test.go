package drivertest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemseal"
	"github.com/goaroundhq/goaround/idem/idemsql"
	"github.com/goaroundhq/goaround/idem/idemsql/drivertest/pgtest"
	"github.com/goaroundhq/goaround/server"
)

// SQLite rolls back by itself after some errors, and what a handler does then is committed
// statement by statement. It must not pass for the whole.
func TestTransactionEndedBySQLite(t *testing.T) {
	t.Parallel()
	d := database{idemsql.SQLite, sqlite}
	spoilt := func(t *testing.T, table string, tx *sql.Tx) {
		t.Helper()
		if _, err := tx.ExecContext(t.Context(), "INSERT OR ROLLBACK INTO "+table+" VALUES (1), (1)"); err == nil {
			t.Error("no conflict")
		}
	}
	for name, then := range map[string]func(s *shop, w http.ResponseWriter, tx *sql.Tx){
		"the handler answers well": func(_ *shop, w http.ResponseWriter, tx *sql.Tx) { sold(w, nil, tx) },
		"the handler goes on and fails": func(s *shop, w http.ResponseWriter, tx *sql.Tx) {
			noError(s.T, s.effects.add(s.Context(), tx)) // committed, at once
			http.Error(w, "no", http.StatusInternalServerError)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s *shop
			s = openShop(t, d, func(w http.ResponseWriter, _ *http.Request, tx *sql.Tx) {
				spoilt(t, s.effects.name+"_unique", tx)
				then(s, w, tx)
			})
			s.effects.exec(t, "CREATE TABLE "+s.effects.name+"_unique (n int UNIQUE)")
			s.expectEnded("key")
		})
	}
}

// A refusal is not the answer when another run of the same key was not refused.
func TestRefusalOfATransactionThatIsOvertaken(t *testing.T) {
	t.Parallel()
	s, a := overtaken(t, func(w http.ResponseWriter, _ *http.Request, _ *sql.Tx) {
		http.Error(w, "balance too low", http.StatusPaymentRequired)
	})
	if a.status != 409 || a.header.Get(idem.StatusHeader) != string(idem.InProgress) {
		t.Errorf("%d %q for a sale that another run has made", a.status, a.body)
	}
	s.effects.expect(t, 1)
}

// Who does not know must not say that it went well.
func TestTransactionOfAHandlerThatDoesNotKnow(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		s := openShop(t, d, func(w http.ResponseWriter, r *http.Request, tx *sql.Tx) {
			server.OutcomeUnknown(r.Context())
			sold(w, r, tx)
		})
		a := s.expect("key", 503, idem.StoreUnavailable, false)
		if a.header.Get("Location") != "" {
			t.Errorf("header %v of what was undone", a.header)
		}
		s.effects.expect(t, 0)
		s.expect("key", 201, "", false)
		s.effects.expect(t, 1)
	})
}

// The database hangs when a failed request is to be undone: the client need not.
func TestRollbackIsBounded(t *testing.T) {
	t.Parallel()
	pg := pgtest.Start(t)
	db := open(t, "pgx", pg.URL())
	s := openShopOn(t, migrated(t, db, idemsql.PostgreSQL), db, func(w http.ResponseWriter, _ *http.Request, _ *sql.Tx) {
		noError(t, pg.Pause())
		http.Error(w, "no", http.StatusInternalServerError)
	}, server.WithGuard(idem.WithFinishTimeout(time.Second), idem.WithStoreTimeout(500*time.Millisecond), idem.WithLease(2*time.Second)))
	got := make(chan answer, 1)
	go func() {
		a, err := s.buy("key")
		if err != nil {
			t.Error(err)
		}
		got <- a
	}()
	select {
	case a := <-got:
		if a.status != 500 {
			t.Errorf("%d %q", a.status, a.body)
		}
	case <-time.After(30 * time.Second):
		t.Error("no answer while the database hangs")
	}
	noError(t, pg.Resume())
	until(t, "the key is free", func() bool {
		a, err := s.buy("key")
		return err == nil && a.status == 201
	})
	s.effects.expect(t, 1)
}

var (
	_ server.TxStore = (*idemseal.TxStore)(nil)

	// The interfaces of the two packages are one.
	_ server.TxStore  = idemsql.TxStore(nil)
	_ idemsql.TxStore = server.TxStore(nil)
)

// Records that are written in transactions are sealed like the others.
func TestSealedTransactions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		db := d.open(t)
		kept := migrated(t, db, d.dialect)
		sealed := idemseal.NewTx(kept, idemseal.Key{ID: 1, Secret: bytes.Repeat([]byte{1}, idemseal.SecretLen)})
		var ids []idem.ID

		s := openShopOn(t, sealed, db, sold)
		s.expect("key", 201, "", false)
		s.expect("key", 201, "", true)
		ids = append(ids, idem.NewID("", idem.SharedScope, http.MethodPost, "/", "key"))

		g := idem.NewGuard(sealed, idem.WithGuarantee(idem.AtLeastOnce))
		op := idem.Operation{Name: "charge", Scope: "customer", Key: "key"}
		for range 2 {
			v, err := idemsql.Do(t.Context(), g, op, func(context.Context, *sql.Tx) (string, error) { return "sold", nil })
			if err != nil || v != "sold" {
				t.Fatal(v, err)
			}
		}
		ids = append(ids, idem.NewID("", op.Scope, "", op.Name, op.Key))

		for _, id := range ids {
			record := expect(t, kept, id, idem.Done).Record
			if bytes.Contains(record, []byte("sold")) || len(record) < idemseal.Overhead {
				t.Errorf("the database holds %q", record)
			}
		}
	})
}

// A guard whose store could not record in the transaction, or not in the right form, is
// refused.
func TestDoNeedsAStoreWithTransactions(t *testing.T) {
	t.Parallel()
	kept := migrated(t, sqlite(t), idemsql.SQLite)
	key := idemseal.Key{ID: 1, Secret: bytes.Repeat([]byte{1}, idemseal.SecretLen)}
	for name, store := range map[string]idem.Store{"memory": idem.NewMemory(), "sealed, but not for transactions": idemseal.New(kept, key)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			op := idem.Operation{Name: "charge", Scope: "customer", Key: "key"}
			_, err := idemsql.Do(t.Context(), idem.NewGuard(store), op, func(context.Context, *sql.Tx) (string, error) {
				t.Error("it runs")
				return "", io.EOF
			})
			is(t, err, errors.ErrUnsupported)
		})
	}
}
