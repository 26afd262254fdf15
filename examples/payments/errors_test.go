package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// An error says whether there was a charge, as far as that is known: who is told that there was
// none charges again under a new key.
func TestErrorsSayWhatHappened(t *testing.T) {
	t.Parallel()
	var api http.Handler
	var early *httptest.ResponseRecorder // the answer to a repetition that came while the first ran
	for _, tt := range []struct {
		name   string
		charge http.HandlerFunc // which is asked for twice
		opts   []server.Option
		want   apiError
		retry  string
	}{
		{
			name:   "it panicked",
			charge: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			want:   apiError{Type: "api_error", Message: "Whether the request was processed is not known. Do not use a new key."},
			retry:  "false",
		},
		{
			name:   "its response was too long",
			charge: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") },
			opts:   []server.Option{server.WithMaxBody(0)},
			want:   apiError{Type: "api_error", Message: "The request was processed, and its response was not kept. Do not use a new key."},
			retry:  "false",
		},
		{
			name:   "it has not ended",
			charge: func(http.ResponseWriter, *http.Request) { early = post(api) },
			want: apiError{Type: "idempotency_error", Code: "idempotency_key_in_use",
				Message: "A request with this key is being processed. Try again later."},
			retry: "true",
		},
	} {
		charges := 0
		once := server.New(idem.NewMemory(), append(tt.opts, server.WithSharedScope())...)
		api = inStripesWords(once(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			charges++
			tt.charge(w, r)
		})))
		post(api)
		again := early
		if again == nil {
			again = post(api)
		}
		var got struct{ Error apiError }
		if err := json.Unmarshal(again.Body.Bytes(), &got); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if again.Code != http.StatusConflict || got.Error != tt.want || again.Header().Get("Stripe-Should-Retry") != tt.retry {
			t.Errorf("%s: got %d %+v, with %v", tt.name, again.Code, got.Error, again.Header())
		}
		if charges != 1 {
			t.Errorf("%s: charged %d times", tt.name, charges)
		}
	}
}

// What the handler says passes as it is, also when the store failed and the route goes on.
func TestAnswersOfHandlersPass(t *testing.T) {
	t.Parallel()
	w := post(inStripesWords(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(idem.StatusHeader, string(idem.Unprotected))
		_, _ = io.WriteString(w, "ch_1")
	})))
	if w.Code != http.StatusOK || w.Body.String() != "ch_1" {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

// post sends a charge, and hears nothing when its handler panics.
func post(h http.Handler) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/v1/charges", http.NoBody)
	r.Header.Set(idem.Header, "order-1")
	w := httptest.NewRecorder()
	defer func() { _ = recover() }()
	h.ServeHTTP(w, r)
	return w
}
