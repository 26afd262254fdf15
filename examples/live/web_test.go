package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

var clicks atomic.Int64

// click presses a button as the page does, with the fields that it is told besides.
func click(t *testing.T, address, to string, fields ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(url.Values{"to": {to}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Idempotency-Key", fmt.Sprintf(`"click-%d"`, clicks.Add(1)))
	for i := 0; i < len(fields); i += 2 {
		req.Header.Set(fields[i], fields[i+1])
	}
	defer http.DefaultClient.CloseIdleConnections()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestButtons(t *testing.T) {
	without(t)
	s, page := open(t, "")
	for _, test := range []struct {
		name, path, to string
		fields         []string
		status         int
		said           string
		done           func() bool // nil where it is not to be asked
	}{
		{name: "half", path: "/capacity", to: "half", status: 200, said: "halved", done: func() bool { return s.fleets[slots].service.capacity() == 50 }},
		{name: "full", path: "/capacity", to: "full", status: 200, said: "restored", done: func() bool { return s.fleets[jitter].service.capacity() == 100 }},
		{name: "another capacity", path: "/capacity", to: "double", status: 400, said: `"double"`},
		{name: "no Redis", path: "/redis", to: "stop", status: 409, said: "not installed"},
		{name: "another Redis", path: "/redis", to: "restart", status: 400, said: `"restart"`},
		{name: "from another site", path: "/outage", fields: []string{"Sec-Fetch-Site", "cross-site"}, status: 403, done: func() bool { return s.fleets[jitter].service.away() == 0 }},
		{name: "from another origin", path: "/outage", fields: []string{"Origin", "https://example.com"}, status: 403, done: func() bool { return s.fleets[jitter].service.away() == 0 }},
		{name: "without a key", path: "/outage", fields: []string{"Idempotency-Key", ""}, status: 400, done: func() bool { return s.fleets[jitter].service.away() == 0 }},
		{name: "outage", path: "/outage", fields: []string{"Sec-Fetch-Site", "same-origin", "Origin", page}, status: 200, said: "away for 3 seconds", done: func() bool { return s.fleets[jitter].service.away() > 0 && s.fleets[slots].service.away() > 0 }},
		{name: "no such button", path: "/reset", status: 405},
	} {
		status, said := click(t, page+test.path, test.to, test.fields...)
		if status != test.status || !strings.Contains(said, test.said) {
			t.Errorf("%s: %d %q, want %d with %q", test.name, status, said, test.status, test.said)
		}
		if test.done != nil && !test.done() {
			t.Errorf("%s: not so", test.name)
		}
	}
}

func TestClickIsDoneOnce(t *testing.T) {
	without(t)
	s, page := open(t, "")
	key := []string{"Idempotency-Key", `"the same"`}
	before := s.fleets[jitter].begun.Load()
	first, said := click(t, page+"/callers", "", key...)
	second, again := click(t, page+"/callers", "", key...)
	if first != 200 || second != first || again != said {
		t.Errorf("%d %q, and when it is repeated %d %q", first, said, second, again)
	}
	// Others come by themselves, but not a thousand in this time.
	if came := s.fleets[jitter].begun.Load() - before; came < herd || came >= 2*herd {
		t.Errorf("%d callers came, want about %d", came, herd)
	}
}

func TestCallersAreBounded(t *testing.T) {
	without(t)
	s, page := open(t, "")
	s.callers.most = 2 * herd
	s.startOutage() // so that they stay
	if status, said := click(t, page+"/callers", ""); status != 200 {
		t.Fatalf("%d %q", status, said)
	}
	until(t, "some come by themselves", func() bool { return s.fleets[jitter].waiting() > herd })
	if status, said := click(t, page+"/callers", ""); status != 409 || !strings.Contains(said, "2000 may wait") {
		t.Errorf("%d %q, want 409", status, said)
	}
	for _, f := range s.fleets {
		if n := f.waiting(); n >= 2*herd {
			t.Errorf("%d wait", n)
		}
	}
}

func TestPageLoadsItsOwnFilesOnly(t *testing.T) {
	without(t)
	_, page := open(t, "")
	for path, kind := range map[string]string{
		"/":                         "text/html; charset=utf-8",
		"/style.css":                "text/css; charset=utf-8",
		"/live.js":                  "text/javascript; charset=utf-8",
		"/vendor/uPlot.iife.min.js": "text/javascript; charset=utf-8",
	} {
		resp, err := http.Get(page + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != kind {
			t.Errorf("%s: %s %s, want %s", path, resp.Status, resp.Header.Get("Content-Type"), kind)
		}
		if policy := resp.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'self'") {
			t.Errorf("%s: policy %q", path, policy)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}
