package drivertest

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemsql"
	"github.com/goaroundhq/goaround/server"
)

// The commit itself fails: a constraint that is checked there, and a connection that dies
// there. The response of the handler must not be seen, nor anything that it set.
func TestTransactionThatCannotCommit(t *testing.T) {
	t.Parallel()
	db := postgres(t)
	for name, spoil := range map[string]string{
		"constraint": "INSERT INTO %[1]s_unique VALUES (1), (1)",
		"connection": "SELECT pg_terminate_backend(pg_backend_pid())",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s *shop
			s = openShopOn(t, migrated(t, db, idemsql.PostgreSQL), db, func(w http.ResponseWriter, r *http.Request, tx *sql.Tx) {
				_, err := tx.ExecContext(r.Context(), strings.ReplaceAll(spoil, "%[1]s", s.effects.name))
				if name == "constraint" && err != nil {
					t.Error(err)
				}
				sold(w, r, tx)
			})
			s.effects.exec(t, fmt.Sprintf("CREATE TABLE %s_unique (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)", s.effects.name))
			a := s.expect("key", 503, idem.StoreUnavailable, false)
			if a.header.Get("Location") != "" || a.header.Get("Retry-After") == "" || strings.Contains(a.body, "sold") {
				t.Errorf("header %v with body %q", a.header, a.body)
			}
			told := <-s.told
			if told.Outcome != server.Outcome(idem.StoreUnavailable) || told.Status != 503 || told.Err == nil {
				t.Errorf("the observer was told %+v", told)
			}
			s.effects.expect(t, 0)
			s.expect("key", 201, "", false)
			s.expect("key", 201, "", true)
			s.effects.expect(t, 1)
		})
	}
}

// Deferred rollbacks are a habit; here they would undo what the response says is done.
func TestTransactionEndedByItsHandler(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]sale{
		"rollback": func(w http.ResponseWriter, r *http.Request, tx *sql.Tx) {
			defer tx.Rollback() //nolint:errcheck // as it is usually written
			sold(w, r, tx)
		},
		"commit": func(w http.ResponseWriter, r *http.Request, tx *sql.Tx) {
			if err := tx.Commit(); err != nil {
				panic(err)
			}
			sold(w, r, tx)
		},
		"rollback and failure": func(w http.ResponseWriter, _ *http.Request, tx *sql.Tx) {
			_ = tx.Rollback()
			http.Error(w, "no", http.StatusBadGateway)
		},
		"rollback and refusal": func(w http.ResponseWriter, _ *http.Request, tx *sql.Tx) {
			_ = tx.Rollback()
			http.Error(w, "no", http.StatusPaymentRequired)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, d database) {
				s := openShop(t, d, first)
				s.expectEnded("key")
			})
		})
	}
}

// The client hangs up while the handler works: what is done is done, and known.
func TestTransactionOutlivesItsClient(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		working := make(chan struct{})
		s := openShop(t, d, func(w http.ResponseWriter, r *http.Request, tx *sql.Tx) {
			close(working)
			<-r.Context().Done()
			sold(w, r, tx)
		})
		ctx, cancel := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, strings.NewReader("book"))
		noError(t, err)
		req.Header.Set(idem.Header, "key")
		go func() {
			<-working
			cancel()
		}()
		if resp, err := s.client.Do(req); err == nil {
			_ = resp.Body.Close()
			t.Error("the client got a response")
		}
		if told := <-s.told; told.Err != nil || told.Ending != idem.Completed {
			t.Errorf("the observer was told %+v", told)
		}
		s.expect("key", 201, "", true)
		s.effects.expect(t, 1)
	})
}
