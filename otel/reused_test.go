package otel_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/goaroundhq/goaround/idem"
	goaroundotel "github.com/goaroundhq/goaround/otel"
	"github.com/goaroundhq/goaround/server"
)

// A server claims before it knows the body, so what it finds is a record that is done; that the
// key is reused is in how it answers.
func TestServerFindsAReusedKeyAfterTheClaim(t *testing.T) {
	t.Parallel()
	m := newMeters(t)
	h := server.New(idem.NewMemory(), server.WithSharedScope(), goaroundotel.Server(m.shop()...))(
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	for _, tt := range []struct {
		body   string
		status int
	}{{"one book", http.StatusOK}, {"two books", http.StatusUnprocessableEntity}} {
		req := httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(tt.body))
		req.Header.Set(idem.Header, "k")
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, req); w.Code != tt.status {
			t.Errorf("%s: status %d, want %d", tt.body, w.Code, tt.status)
		}
	}
	m.want(t, map[string][]string{
		"idempotency.requests":       {"executed,_OTHER 1", "key-reused,_OTHER 1"},
		"idempotency.claims":         {"acquired 1", "done 1"},
		"retry.duplicate_operations": nil,
	})
}
