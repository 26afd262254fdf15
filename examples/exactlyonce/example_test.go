package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

func Example() {
	dir, _ := os.MkdirTemp("", "bank")
	defer os.RemoveAll(dir)
	bank, err := open(background, filepath.Join(dir, "bank.db"))
	if err != nil {
		panic(err)
	}
	defer bank.db.Close()
	s := httptest.NewServer(newHandler(bank))
	defer s.Close()

	fmt.Print(post(s.URL, "ada", "rent", "grace", "500"))
	fmt.Print(post(s.URL, "ada", "rent", "grace", "500"))    // again: she has not seen the answer
	fmt.Print(post(s.URL, "ada", "debts", "grace", "99999")) // refused
	fmt.Print(post(s.URL, "ada", "gift", "nobody", "100"))   // what was taken is given back
	fmt.Print(post(s.URL, "grace", "rent", "ada", "200"))    // the same key, but hers is another transfer
	fmt.Print(accounts(s.URL))
	// Output:
	// 201 replayed=false ada paid grace 500 cents
	// 201 replayed=true ada paid grace 500 cents
	// 400 replayed=false transfer refused: no such account, or not enough in it
	// 400 replayed=false transfer refused: no such account, or not enough in it
	// 201 replayed=false grace paid ada 200 cents
	// ada 9700, grace 300
}

// A server dies at the worst moments. Whatever it had done by then, the repetition gets
// the right answer, and the money moves once.
func Example_crash() {
	for _, moment := range []string{beforeCommit, afterCommit} {
		dir, _ := os.MkdirTemp("", "bank")
		defer os.RemoveAll(dir)
		file := filepath.Join(dir, "bank.db")

		mortal := startServer(file, moment)
		fmt.Print(post(mortal.url, "ada", "rent", "grace", "500"))
		mortal.wait()
		fmt.Println("the server died", moment)

		next := startServer(file, "")
		fmt.Print(post(next.url, "ada", "rent", "grace", "500"))
		fmt.Print(post(next.url, "ada", "rent", "grace", "500"))
		fmt.Print(accounts(next.url))
		next.kill()
	}
	// Output:
	// no answer
	// the server died before-commit
	// 201 replayed=false ada paid grace 500 cents
	// 201 replayed=true ada paid grace 500 cents
	// ada 9500, grace 500
	// no answer
	// the server died after-commit
	// 201 replayed=true ada paid grace 500 cents
	// 201 replayed=true ada paid grace 500 cents
	// ada 9500, grace 500
}

// post sends a transfer, and says what the customer gets.
func post(base, from, key, to, cents string) string {
	for {
		form := url.Values{"to": {to}, "cents": {cents}}.Encode()
		r, _ := http.NewRequest(http.MethodPost, base+"/transfers", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Idempotency-Key", key)
		w, body, err := do(r, from)
		if err != nil {
			return "no answer\n"
		}
		if w.Header.Get("Idempotency-Status") == "in-progress" {
			continue // on a machine so slow that it has waited in vain
		}
		return fmt.Sprintf("%d replayed=%t %s", w.StatusCode, w.Header.Get("Idempotency-Replayed") == "true", body)
	}
}

func accounts(base string) string {
	r, _ := http.NewRequest(http.MethodGet, base+"/accounts", nil)
	_, body, err := do(r, "ada")
	if err != nil {
		panic(err)
	}
	return body
}

// client does not repeat anything by itself on a connection that it has used before.
var client = http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

func do(r *http.Request, customer string) (*http.Response, string, error) {
	r.SetBasicAuth(customer, passwords[customer])
	w, err := client.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer w.Body.Close()
	body, err := io.ReadAll(w.Body)
	return w, string(body), err
}
