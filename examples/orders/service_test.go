package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestOrders(t *testing.T) {
	for name, test := range map[string]struct {
		body   string
		broken bool // the ledger cannot be written
		status int
		lines  int
	}{
		"order":         {body: `{"order":"a"}`, status: http.StatusCreated, lines: 1},
		"no JSON":       {body: "a", status: http.StatusBadRequest},
		"no number":     {body: "{}", status: http.StatusBadRequest},
		"broken ledger": {body: `{"order":"a"}`, broken: true, status: http.StatusInternalServerError},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := openLedger(t.TempDir() + "/ledger")
			if err != nil {
				t.Fatal(err)
			}
			if test.broken {
				if err := l.close(); err != nil {
					t.Fatal(err)
				}
			} else {
				defer func() { _ = l.close() }() // it is temporary
			}
			w := httptest.NewRecorder()
			orders(l).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/orders", strings.NewReader(test.body)))
			if w.Code != test.status {
				t.Errorf("status %d, want %d; body %s", w.Code, test.status, w.Body)
			}
			got, err := l.readBack()
			if err != nil || got.effects() != test.lines {
				t.Errorf("the ledger has %d lines (%v), want %d", got.effects(), err, test.lines)
			}
		})
	}
}
