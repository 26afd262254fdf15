package main

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// listener is a progress that passes on what is said.
type listener struct{ said chan string }

func (listener) attempt()          {}
func (listener) done()             {}
func (listener) end()              {}
func (l listener) say(line string) { l.said <- line }

// While it runs, a scrape tells of retries, of their turns, of the clock, and of the
// duplicates that were prevented.
func TestMetricsWhileItRuns(t *testing.T) {
	t.Parallel()
	c := small(t)
	c.metrics = "127.0.0.1:0"
	c.outage = 500 * time.Millisecond
	l := listener{make(chan string, 10)}
	scraped := make(chan string, 1)
	go func() {
		defer close(scraped)
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		var last string
		for line := range l.said {
			url := regexp.MustCompile(`http://\S+/metrics`).FindString(line)
			for url != "" {
				text, err := fetch(client, url)
				if err != nil {
					break // the run is over
				}
				last = text
				time.Sleep(10 * time.Millisecond)
			}
		}
		scraped <- last
	}()
	r, err := run(t.Context(), c, l)
	close(l.said)
	text := <-scraped
	if err != nil || !r.kept() {
		t.Fatalf("%v, report %+v", err, r)
	}
	for _, want := range []string{
		`retry_duplicate_operations_total{operation="POST /orders",service="orders"} `,
		`retry_slot_distribution_seconds_count{service="fleet"} `,
		`retry_clock_skew_seconds{service="fleet"} `,
		`retry_call_duration_seconds_count{retry_outcome="success_retried"`,
		`retry_retries_total{retry_reason="reset"`,
		`idempotency_requests_total{idempotency_result="executed",operation="POST /orders",service="orders"} `,
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

func fetch(client *http.Client, url string) (string, error) {
	resp, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

func TestMetricsNeedAnAddress(t *testing.T) {
	t.Parallel()
	c := small(t)
	c.metrics = "no such address"
	if _, err := run(t.Context(), c, quiet(c)); err == nil || !strings.Contains(err.Error(), "-metrics") {
		t.Errorf("error %v", err)
	}
}
