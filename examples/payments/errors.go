package main

import (
	"encoding/json"
	"net/http"

	"github.com/goaroundhq/goaround/idem"
)

// apiError is the body of every error of the API, as Stripe has it: {"error": {...}}.
type apiError struct {
	Type    string `json:"type"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message"`
}

func writeError(w http.ResponseWriter, status int, e apiError) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]apiError{"error": e}) // the client is gone if this fails
}

// inStripesWords gives what the middleware answers by itself the form of this API. Such an
// answer has an Idempotency-Status; those of the handlers, replayed or not, pass as they are.
func inStripesWords(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&translator{ResponseWriter: w}, r)
	})
}

// translator writes another answer in the place of one with an Idempotency-Status.
type translator struct {
	http.ResponseWriter
	begun, replaced bool
}

// Unwrap lets http.ResponseController find what the server's writer can do.
func (t *translator) Unwrap() http.ResponseWriter { return t.ResponseWriter }

func (t *translator) WriteHeader(code int) {
	t.begun = true
	header := t.Header()
	if header.Get(idem.ReplayedHeader) == "true" {
		header.Set("Idempotent-Replayed", "true") // as Stripe calls it
	}
	status := idem.Status(header.Get(idem.StatusHeader))
	if status == "" || status == idem.Unprotected { // it is the handler's
		t.ResponseWriter.WriteHeader(code)
		return
	}
	t.replaced = true
	switch status {
	case idem.KeyReused: // 422 by the IETF draft
		writeError(t.ResponseWriter, http.StatusBadRequest, apiError{Type: "idempotency_error",
			Message: "This key was used for a request with other parameters. Use another one for another request."})
	case idem.InProgress:
		header.Set("Stripe-Should-Retry", "true") // goaround's transport reads this, as Stripe's clients do
		writeError(t.ResponseWriter, http.StatusConflict, apiError{Type: "idempotency_error", Code: "idempotency_key_in_use",
			Message: "A request with this key is being processed. Try again later."})
	case idem.OutcomeUnknown:
		header.Set("Stripe-Should-Retry", "false") // else Stripe's clients try again after a 409
		writeError(t.ResponseWriter, code, apiError{Type: "api_error",
			Message: "Whether the request was processed is not known. Do not use a new key."})
	case idem.ResponseNotStored:
		header.Set("Stripe-Should-Retry", "false")
		writeError(t.ResponseWriter, code, apiError{Type: "api_error",
			Message: "The request was processed, and its response was not kept. Do not use a new key."})
	default: // the other statuses keep their code, and have their name in the header
		kind := "invalid_request_error"
		if code >= http.StatusInternalServerError {
			kind = "api_error"
		}
		writeError(t.ResponseWriter, code, apiError{Type: kind, Message: "The request was not processed: " + string(status) + "."})
	}
}

// Write drops the problem document that was replaced.
func (t *translator) Write(p []byte) (int, error) {
	if !t.begun {
		t.WriteHeader(http.StatusOK)
	}
	if t.replaced {
		return len(p), nil
	}
	return t.ResponseWriter.Write(p)
}
