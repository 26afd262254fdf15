package main

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// The moments at which a server cannot have told its client, and the client not know.
const (
	beforeCommit = "before-commit" // the money has moved, in a transaction that is open
	afterCommit  = "after-commit"  // the money has moved, and the response is not sent
)

// crashing is the bank's handler, in a process that dies at the moment of a transfer.
func crashing(moment string, b *bank) (http.Handler, error) {
	switch moment {
	case "":
		return newHandler(b), nil
	case beforeCommit:
		return newHandler(&bank{b.db, mortalStore{b.store}}), nil
	case afterCommit:
		h := newHandler(b)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(mortalWriter{w}, r)
		}), nil
	default:
		return nil, fmt.Errorf("-crash %s: must be %s or %s", moment, beforeCommit, afterCommit)
	}
}

// mortalStore dies where the handler has returned and nothing is committed.
type mortalStore struct{ server.TxStore }

func (s mortalStore) BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, idem.Transaction, error) {
	tx, t, err := s.TxStore.BeginTx(ctx, opts)
	return tx, mortalTx{t}, err
}

type mortalTx struct{ idem.Transaction }

func (mortalTx) Complete(context.Context, idem.Claim, []byte, []byte, time.Duration) error {
	die(beforeCommit)
	return nil
}

// mortalWriter dies where the response of a transfer would be sent.
type mortalWriter struct{ http.ResponseWriter }

func (w mortalWriter) WriteHeader(status int) {
	if status == http.StatusCreated {
		die(afterCommit)
	}
	w.ResponseWriter.WriteHeader(status)
}

// die ends the process as a power cut does: nothing is deferred, flushed or rolled back.
func die(moment string) {
	log.Printf("dying %s", moment)
	os.Exit(1)
}
