package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
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
	req.Host = req.Header.Get("Host") // which is the address's where it is ""
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

// each is whether something is so of both services.
func each(s *stage, is func(*service) bool) func() bool {
	return func() bool { return is(s.fleets[jitter].service) && is(s.fleets[slots].service) }
}

func TestButtons(t *testing.T) {
	without(t)
	s, page := open(t, "")
	capacity := func(want float64) func() bool {
		return each(s, func(of *service) bool { return of.capacity() == want })
	}
	away := each(s, func(of *service) bool { return of.away() > 0 })
	open := each(s, func(of *service) bool { return of.away() == 0 })
	for _, test := range []struct {
		name, path, to string
		fields         []string
		status         int
		said           string
		done           func() bool // nil where it is not to be asked
	}{
		{name: "half", path: "/capacity", to: "half", status: 200, said: "halved", done: capacity(50)},
		{name: "full", path: "/capacity", to: "full", status: 200, said: "restored", done: capacity(100)},
		{name: "another capacity", path: "/capacity", to: "double", status: 400, said: `"double"`},
		{name: "no Redis", path: "/redis", to: "stop", status: 409, said: "not installed"},
		{name: "another Redis", path: "/redis", to: "restart", status: 400, said: `"restart"`},
		{name: "from another site", path: "/outage", fields: []string{"Sec-Fetch-Site", "cross-site"}, status: 403, done: open},
		{name: "from another origin", path: "/outage", fields: []string{"Origin", "https://example.com"}, status: 403, done: open},
		{name: "without a key", path: "/outage", fields: []string{"Idempotency-Key", ""}, status: 400, done: open},
		{name: "outage", path: "/outage", fields: []string{"Sec-Fetch-Site", "same-origin", "Origin", page}, status: 200, said: "away for 3600 seconds", done: away},
		{name: "callers", path: "/callers", status: 200, said: "50 more callers"},
		{name: "home", path: "/home", status: 200, said: "gone home", done: open},
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

func TestButtonStopsAndStartsRedis(t *testing.T) {
	t.Parallel()
	s, page := open(t, "")
	for _, test := range []struct{ to, said, state string }{
		{"stop", "stopped", storeStopped},
		{"start", "started", storeRuns},
	} {
		if status, said := click(t, page+"/redis", test.to); status != 200 || !strings.Contains(said, test.said) || s.books.state() != test.state {
			t.Errorf("%s: %d %q, and it is %s", test.to, status, said, s.books.state())
		}
	}
}

func TestClickIsDoneOnce(t *testing.T) {
	without(t)
	s, page := open(t, "")
	fleet, key := s.fleets[jitter], []string{"Idempotency-Key", `"the same"`}
	came := func() int64 { return fleet.coming.Load() + fleet.begun.Load() }
	before := came()
	first, said := click(t, page+"/callers", "", key...)
	second, again := click(t, page+"/callers", "", key...)
	if first != 200 || second != first || again != said {
		t.Errorf("%d %q, and when it is repeated %d %q", first, said, second, again)
	}
	// Others come by themselves, but not as many in this time.
	if n, herd := came()-before, int64(quick.herd); n < herd || n >= 2*herd {
		t.Errorf("%d callers came, want about %d", n, herd)
	}
}

func TestCallersAreBounded(t *testing.T) {
	without(t)
	s, page := open(t, "")
	s.startOutage() // so that they stay
	s.callers.mu.Lock()
	s.callers.most = int64(2*quick.herd) - 1
	s.callers.mu.Unlock()
	if status, said := click(t, page+"/callers", ""); status != 200 {
		t.Fatalf("%d %q", status, said)
	}
	// At once, when most are about to come; and later, when they wait.
	for range 2 {
		if status, said := click(t, page+"/callers", ""); status != 409 || !strings.Contains(said, "99 may wait") {
			t.Errorf("%d %q, want 409", status, said)
		}
		until(t, "they wait", func() bool { return s.fleets[jitter].coming.Load()+s.fleets[slots].coming.Load() == 0 })
	}
	for _, f := range s.fleets {
		if n := f.waiting(); n < int64(quick.herd) || n > s.callers.most {
			t.Errorf("%d wait", n)
		}
	}
}

func TestEverybodyGoesHome(t *testing.T) {
	without(t)
	s, page := open(t, "")
	s.startOutage()
	s.setCapacity(fullStaff / 2)
	if err := s.callers.add(quick.herd, 0); err != nil {
		t.Fatal(err)
	}
	for _, f := range s.fleets {
		until(t, "a crowd waits", func() bool { return f.waiting() >= int64(quick.herd) })
	}
	if status, said := click(t, page+"/home", ""); status != 200 {
		t.Fatalf("%d %q", status, said)
	}
	for i, f := range s.fleets {
		before := f.served.Load()
		until(t, "they have left", func() bool { return f.sentHome.Load() >= int64(quick.herd) })
		until(t, "others are served", func() bool { return f.served.Load() > before && f.waiting() < 20 })
		if f.service.capacity() != 100 || f.gaveUp.Load() != 0 {
			t.Errorf("fleet %d: capacity %v, %d gave up", i, f.service.capacity(), f.gaveUp.Load())
		}
	}
}

// A page whose name is made to lead to this machine is not ours.
func TestLoopbackAnswersToItsOwnNames(t *testing.T) {
	t.Parallel()
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	for _, test := range []struct {
		at, host string
		status   int
	}{
		{"127.0.0.1:8080", "localhost", 204},
		{"127.0.0.1:8080", "LocalHost:8080", 204},
		{"127.0.0.1:8080", "127.0.0.2:9000", 204}, // another port is forwarded to this one
		{"[::1]:8080", "[::1]:8080", 204},
		{"[::1]:8080", "[::1]", 204},
		{"127.0.0.1:8080", "evil.example", 421},
		{"127.0.0.1:8080", "evil.example:8080", 421},
		{"[::1]:8080", "localhost.evil.example", 421},
		{"127.0.0.1:8080", "192.0.2.1:8080", 421},
		{"127.0.0.1:8080", "", 421},
		{"0.0.0.0:8080", "machine.example:8080", 204},
		{"192.0.2.1:8080", "machine.example:8080", 204},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			w, r := httptest.NewRecorder(), httptest.NewRequest(method, "/", nil)
			r.Host = test.host
			reachable(net.TCPAddrFromAddrPort(netip.MustParseAddrPort(test.at)), ok).ServeHTTP(w, r)
			if w.Code != test.status {
				t.Errorf("%s of %q at %s: %d, want %d", method, test.host, test.at, w.Code, test.status)
			}
		}
	}
}

func TestRebindingIsRefused(t *testing.T) {
	without(t)
	s, page := open(t, "")
	status, said := click(t, page+"/outage", "", "Host", "evil.example", "Origin", "http://evil.example", "Sec-Fetch-Site", "same-origin")
	if status != 421 || !each(s, func(of *service) bool { return of.away() == 0 })() {
		t.Errorf("%d %q", status, said)
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
