package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// endpoint is a customer's: it verifies the signature, and handles each event once.
type endpoint struct {
	requests, handled atomic.Int64
	mute, down        atomic.Bool
	handler           http.Handler
}

func newEndpoint() (*endpoint, error) {
	signature, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return nil, err
	}
	e := &endpoint{}
	// In production, with more than one process or a restart: idemredis or idemsql.
	once := server.New(idem.NewMemory(),
		server.WithSharedScope(), // there is one sender
		server.WithRequired(),
		// Dead letters may come weeks later: what was handled must be known for as long.
		server.WithGuard(idem.WithTTL(30*24*time.Hour)))
	e.handler = verify(signature, once(http.HandlerFunc(e.handle)))
	return e, nil
}

func (e *endpoint) handle(w http.ResponseWriter, _ *http.Request) {
	e.handled.Add(1)
	w.WriteHeader(http.StatusNoContent)
}

// verify refuses what the sender has not signed. It signs Webhook-Id and not Idempotency-Key,
// so the one is taken for the other: else a stranger could repeat an event under a new key.
func verify(signature *standardwebhooks.Webhook, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
		if err != nil {
			http.Error(w, "event too long", http.StatusRequestEntityTooLarge)
			return
		}
		key, err := idem.FormatHeader(r.Header.Get(standardwebhooks.HeaderWebhookID))
		if err != nil || signature.Verify(body, r.Header) != nil {
			http.Error(w, "not signed by the sender", http.StatusUnauthorized)
			return
		}
		r.Header.Set(idem.Header, key)
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

// answers makes the endpoint one that does its work and whose answers do not come, or not.
func (e *endpoint) answers(yes bool) { e.mute.Store(!yes) }

// accepts makes the endpoint one that does no work, or not.
func (e *endpoint) accepts(yes bool) { e.down.Store(!yes) }

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.requests.Add(1)
	switch {
	case e.down.Load():
		http.Error(w, "closed for repairs", http.StatusServiceUnavailable)
	case e.mute.Load():
		e.handler.ServeHTTP(httptest.NewRecorder(), r)
		<-r.Context().Done() // the sender gives up
	default:
		e.handler.ServeHTTP(w, r)
	}
}
