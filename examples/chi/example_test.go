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
	post := func(customer, password, key, goods string) {
		r := httptest.NewRequest(http.MethodPost, "/orders", strings.NewReader(goods))
		r.SetBasicAuth(customer, password)
		if key != "" {
			r.Header.Set(idem.Header, key)
		}
		w := httptest.NewRecorder()
		router.ServeHTTP(w, r)
		if w.Code != http.StatusCreated {
			fmt.Println(w.Code, w.Header().Get(idem.StatusHeader))
			return
		}
		fmt.Printf("%d replayed=%t %s", w.Code, w.Header().Get(idem.ReplayedHeader) == "true", w.Body)
	}
	post("ada", "lovelace", `"monday"`, "tea")
	post("ada", "lovelace", `"monday"`, "tea")  // again: she has not seen the answer
	post("grace", "hopper", `"monday"`, "cake") // the same key, but hers is another order
	post("ada", "lovelace", "", "tea")
	post("ada", "hopper", `"monday"`, "tea")
	// Output:
	// 201 replayed=false order 1: tea
	// 201 replayed=true order 1: tea
	// 201 replayed=false order 2: cake
	// 400 key-missing
	// 401
}
