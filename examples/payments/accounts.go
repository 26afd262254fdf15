package main

import (
	"errors"
	"net/http"
	"strings"

	"github.com/goaroundhq/goaround/idem"
)

// accounts are the API keys that there are; an account may have several.
var accounts = map[string]idem.Scope{
	"sk_test_ada":   "acct_ada",
	"sk_test_grace": "acct_grace",
}

// account says whose idempotency key a request carries. That is the account and not the API
// key, which may be changed between a request and its repetition.
func account(r *http.Request) (idem.Scope, error) {
	secret, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	scope, ok := accounts[secret]
	if !ok {
		return "", errors.New("unknown API key")
	}
	return scope, nil
}

func authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := account(r); err != nil {
			writeError(w, http.StatusUnauthorized, apiError{Type: "invalid_request_error", Message: "There is no such API key."})
			return
		}
		next.ServeHTTP(w, r)
	})
}
