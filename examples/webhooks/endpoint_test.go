package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// A stranger who has seen an event can send it again, but not have it handled again.
func TestStrangersCannotRepeatAnEvent(t *testing.T) {
	t.Parallel()
	e, err := newEndpoint()
	if err != nil {
		t.Fatal(err)
	}
	signature, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	body, now := []byte(`{"id":"evt_1"}`), time.Now()
	signed, err := signature.Sign("evt_1", now, body)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, id, key, body string
		status              int
	}{
		{"the event", "evt_1", `"evt_1"`, string(body), http.StatusNoContent},
		{"another key", "evt_1", `"evt_2"`, string(body), http.StatusNoContent},
		{"another ID", "evt_2", `"evt_2"`, string(body), http.StatusUnauthorized},
		{"another event", "evt_1", `"evt_1"`, `{"id":"evt_9"}`, http.StatusUnauthorized},
		{"no ID", "", `"evt_1"`, string(body), http.StatusUnauthorized},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader([]byte(tt.body)))
		r.Header.Set("Webhook-Id", tt.id)
		r.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
		r.Header.Set("Webhook-Signature", signed)
		r.Header.Set("Idempotency-Key", tt.key)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if w.Code != tt.status {
			t.Errorf("%s: %d, want %d", tt.name, w.Code, tt.status)
		}
	}
	if n := e.handled.Load(); n != 1 {
		t.Errorf("handled %d times", n)
	}
}

// Dead letters may come weeks after they were handled, signed again.
func TestHandledEventsAreKnownForWeeks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, err := newEndpoint()
		if err != nil {
			t.Fatal(err)
		}
		signature, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			body, now := []byte(`{"id":"evt_1"}`), time.Now()
			signed, err := signature.Sign("evt_1", now, body)
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
			r.Header.Set("Webhook-Id", "evt_1")
			r.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
			r.Header.Set("Webhook-Signature", signed)
			w := httptest.NewRecorder()
			if e.ServeHTTP(w, r); w.Code != http.StatusNoContent {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
			time.Sleep(4 * 7 * 24 * time.Hour)
		}
		if n := e.handled.Load(); n != 1 {
			t.Errorf("handled %d times", n)
		}
	})
}
