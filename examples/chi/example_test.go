package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/goaroundhq/goaround/idem"
)

func Example() {
	router := newRouter(idem.NewMemory())
	post := func(customer, password, goods string) {
		r := httptest.NewRequest(http.MethodPost, "/orders", strings.NewReader(goods))
		r.SetBasicAuth(customer, password)
		r.Header.Set("Idempotency-Key", `"monday"`)
		w := httptest.NewRecorder()
		router.ServeHTTP(w, r)
		fmt.Printf("%d replayed=%t %s", w.Code, w.Header().Get("Idempotency-Replayed") == "true", w.Body)
	}
	post("ada", "lovelace", "tea")
	post("ada", "lovelace", "tea")  // again: she has not seen the answer
	post("grace", "hopper", "cake") // the same key, but hers is another order
	// Output:
	// 201 replayed=false order 1: tea
	// 201 replayed=true order 1: tea
	// 201 replayed=false order 2: cake
}
