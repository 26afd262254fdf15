// Package customers are those who order in the examples, whatever framework the shop is made
// with.
package customers

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/goaroundhq/goaround/idem"
)

// Passwords are those of the customers.
var Passwords = map[string]string{"ada": "lovelace", "grace": "hopper"}

// Come sends the shop its orders, and prints the answers to out. An order that is repeated
// has the same key, as after an answer that got lost.
func Come(ctx context.Context, out io.Writer, shop http.Handler) error {
	s := httptest.NewServer(shop)
	defer s.Close()
	for _, order := range []struct{ customer, key, goods string }{
		{"ada", "monday", "tea"},
		{"ada", "monday", "tea"},
		{"grace", "monday", "cake"}, // her key, although it is the same word
		{"ada", "tuesday", "gold"},
		{"ada", "tuesday", "gold"},
		{"ada", "monday", "coffee"}, // a mistake: the key is that of another order
		{"ada", "", "tea"},
	} {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/orders", strings.NewReader(order.goods))
		if err != nil {
			return err
		}
		req.SetBasicAuth(order.customer, Passwords[order.customer])
		if order.key != "" {
			req.Header.Set(idem.Header, `"`+order.key+`"`)
		}
		answer, err := do(s.Client(), req)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%-5s %-7s %-6s %s\n", order.customer, order.key, order.goods, answer)
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
		answer = status // the body is a problem document
	}
	if resp.Header.Get(idem.ReplayedHeader) == "true" {
		answer += " (replayed)"
	}
	return fmt.Sprintf("%d %s", resp.StatusCode, answer), nil
}
