package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/transport"
)

// event is what happened.
type event struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

// letter is an event for an endpoint, and why it was not delivered.
type letter struct {
	endpoint, url string
	event         event
	err           error
}

// sender delivers letters.
type sender struct {
	client    *http.Client
	signature *standardwebhooks.Webhook
}

func newSender(base http.RoundTripper) (*sender, error) {
	signature, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return nil, err
	}
	return &sender{
		signature: signature,
		client: &http.Client{
			Transport: transport.New(base,
				transport.WithMaxAttempts(2),
				// A customer's endpoint may do anything: each attempt is bounded, and all of them.
				transport.WithAttemptTimeout(2*time.Second),
				transport.WithTimeout(20*time.Second),
				// Endpoints on one host are not one target: what fails for one customer must not
				// use up what another one has for retries.
				transport.WithTarget(func(r *http.Request) string { return transport.Origin(r) + r.URL.Path }),
			),
			// A redirect is no delivery: followed, it would be a GET without the event, or the
			// event to a host that nobody has checked, such as one of your own network.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// deliver sends all letters side by side, so that nobody waits for another one's endpoint.
// With more letters than here, bound their number for each endpoint.
func (s *sender) deliver(ctx context.Context, letters []letter) (delivered, dead []letter) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, l := range letters {
		wg.Go(func() {
			l.err = s.post(ctx, l)
			mu.Lock()
			defer mu.Unlock()
			if l.err == nil {
				delivered = append(delivered, l)
			} else {
				dead = append(dead, l)
			}
		})
	}
	wg.Wait()
	return delivered, dead
}

// post sends a letter, more than once where it must. The key is the event's ID: it is the
// same today and when the dead letters are sent again.
func (s *sender) post(ctx context.Context, l letter) error {
	body, err := json.Marshal(l.event)
	if err != nil {
		return err
	}
	now := time.Now()
	signature, err := s.signature.Sign(l.event.ID, now, body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(idem.WithKey(ctx, l.event.ID), http.MethodPost, l.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(standardwebhooks.HeaderWebhookID, l.event.ID)
	req.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	req.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 4<<10) // so that the connection is used again
	if resp.StatusCode >= 300 {
		return fmt.Errorf("the endpoint says %s", resp.Status)
	}
	return nil
}
