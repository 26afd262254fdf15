package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/goaroundhq/goaround/idem"
)

// charge is what a customer of the API asks for.
type charge struct {
	who, key string
	amount   int
	source   string
}

// client sends each request once and prints the answer. A real one uses transport.New, which
// tries again with the same key.
type client struct {
	http *http.Client
	url  string
	out  io.Writer
}

func (c *client) charge(ctx context.Context, q charge) error {
	form := url.Values{"amount": {strconv.Itoa(q.amount)}, "source": {q.source}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, strings.NewReader(form))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "Bearer sk_test_"+q.who)
	req.Header.Set(idem.Header, q.key) // bare, as clients of Stripe do: it is the same key as the quoted one
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var answer struct {
		receipt
		Error apiError
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return err
	}
	said := answer.ID + " " + answer.Status
	if answer.Error.Type != "" {
		said = strings.TrimSpace(answer.Error.Type + " " + answer.Error.Code)
	}
	if resp.Header.Get("Idempotent-Replayed") == "true" {
		said += ", replayed"
	}
	fmt.Fprintf(c.out, "%-6s %s  %d %-13s %d %s\n", q.who, q.key, q.amount, q.source, resp.StatusCode, said)
	return nil
}
