package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/goaroundhq/goaround/idem"
)

// show sends requests to the handler and prints what comes back.
func show(ctx context.Context, out io.Writer, handler http.Handler) error {
	s := httptest.NewServer(handler)
	defer s.Close()
	for _, r := range []struct{ customer, password, key, goods string }{
		{"ada", "lovelace", `"monday"`, "tea"},
		{"ada", "lovelace", `"monday"`, "tea"}, // she has not seen the answer
		{"grace", "hopper", `"monday"`, "cake"},
		{"ada", "lovelace", `"monday"`, "coffee"}, // a mistake of hers: that is another order
		{"ada", "lovelace", "", "tea"},
		{"ada", "lovelace", `"tuesday"`, "tea"},
		{"nobody", "knows", `"tuesday"`, "tea"},
	} {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/orders", strings.NewReader(r.goods))
		if err != nil {
			return err
		}
		req.SetBasicAuth(r.customer, r.password)
		if r.key != "" {
			req.Header.Set(idem.Header, r.key)
		}
		answer, err := do(s.Client(), req)
		if err != nil {
			return err
		}
		line := fmt.Sprintf("%-6s %-10s %-9s %s", r.customer, cmp.Or(r.key, "no key"), r.goods, answer)
		fmt.Fprintln(out, strings.TrimSpace(line))
	}
	return nil
}

func do(client *http.Client, req *http.Request) (string, error) {
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	answer := strings.TrimSpace(string(body))
	if status := resp.Header.Get(idem.StatusHeader); status != "" {
		answer = status // what the middleware says of itself is a problem document
	}
	if resp.Header.Get(idem.ReplayedHeader) == "true" {
		answer += " (replayed)"
	}
	return fmt.Sprintf("%d %s", resp.StatusCode, answer), nil
}
